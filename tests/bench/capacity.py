"""Whether `manage.py capacity` foretells when a peak is over: what it says before, and what the jobs then take. Run by `make bench`.

The engine learns the reports' durations from one set of jobs; the schedules then plan another one of the same reports, with other
durations. Worker, AWS and database as in engine.py.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pytest_django import DjangoDbBlocker

from reports.engine import peaks, planned
from reports.models import Account, Schedule
from tenants.scope import engine_scope, tenant_scope
from tests import factories
from tests.bench import running, trace
from tests.bench.figures import RUNS, show
from tests.bench.running import Customers
from tests.bench.workload import Planned, lognormal
from tests.bench.world import side_by_side, world
from tests.pretend_aws import ACCOUNT, REGION

SLOTS, REQUESTS_PER_SECOND, ANSWER_SECONDS = 12, 21, 0.15
# Of so few jobs as are learned from, one long one more or less at the end of a peak would be a tenth of it.
LEARNED, JOBS, MEAN = 120, 240, 12.0
MOST_OFF = 0.15
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).replace(hour=6, minute=0, second=0, microsecond=0)


@dataclass(frozen=True)
class Foretold:
    """Seconds from the first wish to the last end."""

    said: float
    took: float

    @property
    def off(self) -> float:
        return abs(self.said / self.took - 1)


def test_capacity_foretells_when_a_peak_is_over(django_db_blocker: DjangoDbBlocker):
    runs = side_by_side(_measure, list(range(RUNS)), RUNS, django_db_blocker)

    told = f"{JOBS} jobs of {MEAN:.0f} s, {SLOTS} slots: "
    show(told + "makespan", [run.took for run in runs])
    show(told + "what capacity said, of it", [run.said / run.took for run in runs], unit="")
    show(told + "how far off that was", [run.off for run in runs], MOST_OFF, unit="%")


def _measure(number: int) -> Foretold:
    both = lognormal(LEARNED + JOBS, MEAN, seed=number)
    options = {"slots": SLOTS, "requests_per_second": REQUESTS_PER_SECOND, "answer_seconds": ANSWER_SECONDS}
    with world(f"capacity_{number}", **options) as whole:
        account = factories.make_account(aws_account_id=ACCOUNT, region=REGION, slots=SLOTS, requests_per_second=REQUESTS_PER_SECOND)
        running.warm_up(account, whole)
        customers = Customers(account)
        running.run(both[:LEARNED], customers, whole, f"learning, {number}", _limit(both[:LEARNED]))
        said = _foretell(customers, both[LEARNED:])
        done = running.run(both[LEARNED:], customers, whole, f"the peak, {number}", _limit(both[LEARNED:]))
        return Foretold(said, trace.makespan(done.trace))


def _foretell(customers: Customers, jobs: list[Planned]) -> float:
    """As `manage.py capacity` works it out, of schedules that plan these jobs for one instant."""
    for (tenant, report), number in Counter((job.tenant, job.report) for job in jobs).items():
        schedule = factories.make_schedule(
            tenant=customers.tenants[tenant], report=customers.reports[report], cron="0 6 * * *", timezone="UTC", next_run_at=TOMORROW
        )
        with tenant_scope(schedule.tenant_id):
            Schedule.objects.filter(pk=schedule.pk).update(job_count=number)
    with engine_scope():
        account = Account.objects.get(pk=customers.account.pk)
        wanted = planned.jobs(account, TOMORROW - timedelta(minutes=1), TOMORROW + timedelta(minutes=1))
    (peak,) = peaks.peaks(wanted, SLOTS)
    return peak.ready - peak.first


def _limit(jobs: list[Planned]) -> float:
    return 60 + 4 * sum(job.seconds for job in jobs) / SLOTS
