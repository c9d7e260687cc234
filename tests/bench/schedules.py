"""How long planned instants take to become occurrences, and occurrences to become jobs and deliveries. Run by `make bench`.

The database of the tests writes nothing through to the disk, so a real one is slower by its disk; nothing else works meanwhile.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from multiprocessing import get_context

import pytest
from django.db import connection, connections

from reports.engine import due
from reports.models import Audience, AudienceRecipient, Grant, Recipient, Schedule
from reports.occurrences.expanding import Expander
from reports.occurrences.taking import Round
from tenants.scope import engine_scope, tenant_scope
from tests import factories
from tests.bench.figures import RUNS, seconds, show

pytestmark = pytest.mark.django_db(transaction=True)
DUE, TENANTS, MANY = 10_000, 1_000, 1_000_000
MORNING = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
DAY = timedelta(days=1)
ZONES = ("Europe/Berlin", "Europe/Lisbon", "America/New_York", "Asia/Tokyo")
MILLION_SCHEDULES = """
insert into reports_schedule
       (id, tenant_id, report_id, slug, name, formats, visual_ids, parameters, cron, timezone, missed, enabled, paused_by, fault,
        subject, message, cc, attach, skip_if_empty, tell_owner, link_protection, link_passcode, next_run_at, job_count, created_at)
select gen_random_uuid(), %(tenant)s, %(report)s, 's' || n, '', '{PDF}', '{}', '{}', '30 7 * * *', 'UTC', 'latest', true, '', '',
       '', '', '{}', false, false, true, '', '', timestamptz '2030-01-01' + n * interval '1 s', 1, now()
  from generate_series(1, %(number)s) n
"""
MILLION_OCCURRENCES = """
insert into reports_occurrence
       (id, tenant_id, schedule_id, planned_at, kind, status, reason, detail, actor, tries, ended_at)
select gen_random_uuid(), %(tenant)s, %(schedule)s, timestamptz '2020-01-01' + n * interval '1 s', 'plan', 'delivered', '', '{}',
       '', 1, now()
  from generate_series(1, %(number)s) n
"""


def note_all(now: datetime) -> None:
    account = factories.the_account()
    while due.note(account.pk, now):
        pass


def expand_all(half: int) -> None:
    expander = Expander(half)
    while expander.turn():
        pass


def by_two_processes() -> None:
    """As in the `work` queue: an expander for each half of the tenants."""
    connections.close_all()
    processes = [get_context("fork").Process(target=expand_all, args=[half]) for half in (0, 1)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]


def test_due_schedules_become_occurrences():
    """With 240 different times among them; each run is the next day."""
    tenant, report = factories.make_tenant(), factories.make_report(parameters=[])
    with tenant_scope(tenant):
        Grant.objects.create(tenant=tenant, report=report)
        Schedule.objects.bulk_create(
            Schedule(
                tenant=tenant,
                report=report,
                slug=f"s{number}",
                formats=["PDF"],
                cron=f"{number % 60} 6 * * *",
                timezone=ZONES[number % 4],
                next_run_at=MORNING - timedelta(hours=1, minutes=number % 60),
            )
            for number in range(DUE)
        )

    took = [seconds(lambda now=MORNING + n * DAY: note_all(now)) for n in range(RUNS)]

    show(f"{DUE:,} due schedules become occurrences", took, 1)


def test_occurrences_of_many_tenants_are_expanded():
    report = factories.make_report(parameters=[])
    for _ in range(TENANTS):
        tenant = factories.make_tenant()
        with tenant_scope(tenant):
            Grant.objects.create(tenant=tenant, report=report)
            schedule = Schedule.objects.create(
                tenant=tenant, report=report, slug="daily", formats=["PDF"], cron="30 6 * * *", timezone="UTC", next_run_at=MORNING
            )
            audience = Audience.objects.create(tenant=tenant, schedule=schedule)
            people = Recipient.objects.bulk_create(Recipient(tenant=tenant, email=f"r{n}@c.example") for n in range(3))
            AudienceRecipient.objects.bulk_create(
                AudienceRecipient(tenant=tenant, audience=audience, recipient=person) for person in people
            )

    first, whole = [], []
    for run in range(RUNS):
        note_all(MORNING + run * DAY)
        first.append(seconds(Expander(run % 2).turn))
        whole.append(first[-1] + seconds(by_two_processes))

    show("the first of 1,000 tenants have their jobs (a turn of 20)", first, 1)
    show(f"one occurrence each of {TENANTS:,} tenants is expanded", whole, 10)


def test_looking_for_work_among_a_million():
    """What every turn of a pump and of the expander asks, when there is nothing to do and when there is."""
    tenant, report = factories.make_tenant(), factories.make_report(parameters=[])
    with tenant_scope(tenant), connection.cursor() as cursor:
        Grant.objects.create(tenant=tenant, report=report)
        cursor.execute("set local statement_timeout = 0")
        cursor.execute(MILLION_SCHEDULES, {"tenant": tenant.pk, "report": report.pk, "number": MANY})
        schedule = Schedule.objects.order_by("next_run_at").first()
        cursor.execute(MILLION_OCCURRENCES, {"tenant": tenant.pk, "schedule": schedule.pk, "number": MANY})
    account = factories.the_account()

    nothing = [seconds(lambda: due.note(account.pk, MORNING)) for _ in range(RUNS)]
    soon = [seconds(lambda: is_soon(account.pk)) for _ in range(RUNS)]
    planned = [seconds(take) for _ in range(RUNS)]
    some = [seconds(lambda n=n: due.note(account.pk, datetime(2030, 1, 1, n + 1, tzinfo=UTC))) for n in range(RUNS)]

    show("1,000,000 schedules: nothing is due", nothing, 0.01)
    show("1,000,000 schedules: is something due soon", soon, 0.01)
    show("1,000,000 occurrences: nothing is planned", planned, 0.01)
    show("1,000,000 schedules: 2,000 are due and noted", some, 0.5)


def is_soon(account_id: int) -> None:
    with engine_scope():
        due.is_soon(account_id)


def take() -> None:
    with engine_scope():
        Round(0).fresh(20)
