"""What claiming costs among many waiting jobs: one of 2,000 tenants has half of them. Run by `make bench`.

The database of the tests writes nothing through to the disk, so a real one is slower by its disk; nothing else works meanwhile.
"""

from __future__ import annotations

import logging

import pytest
from django.db import connection
from django.utils import timezone

from reports.engine import claim, forecast, recount
from reports.models import Grant, Report, SnapshotJob
from tenants.models import Tenant
from tenants.scope import engine_scope, platform_scope, tenant_scope
from tests import factories
from tests.bench.figures import seconds, show

pytestmark = pytest.mark.django_db(transaction=True)
TENANTS, FEW, MANY, SLOTS, CLAIMS = 2000, 10_000, 1_000_000, 12, 50
WAITING = """
insert into reports_snapshotjob
       (id, tenant_id, account_id, report_id, status, lane, trigger, formats, visual_ids, parameters, actor, narrowing_tags, fingerprint,
        round, admitted, replaces_because, dashboard_id, sheet_id, requested_prefix, created_at, deadline_at, failure_code, failure_message,
        attempt_count, no_verdicts, crashes, waiting)
select gen_random_uuid(), %(tenant)s, %(account)s, %(report)s, 'queued', 1, 'api', '{PDF}', '{}', '{}', 'bench', '{}', '', 1, true, '', 'd',
       's', '', now() + n * interval '1 ms', now() + interval '1 day', '', '', 0, 0, 0, ''
  from generate_series(1, %(number)s) n
"""


@pytest.fixture(autouse=True)
def without_a_log():
    logging.disable(logging.INFO)
    yield
    logging.disable(logging.NOTSET)


def test_a_claim_of_twelve():
    account = factories.make_account(slots=SLOTS)
    report = factories.make_report(account=account, parameters=[])
    tenants = make_tenants(report)

    wait(tenants, report, FEW)
    few = claims(account.pk)
    show(f"claim {SLOTS} of {FEW:,} waiting jobs", few, 0.005)
    show(f"tell {FEW:,} waiting jobs their places", [seconds(lambda: tell(account.pk)) for _ in range(3)], 0.5)
    wait(tenants, report, MANY - FEW)
    show(f"claim {SLOTS} of {MANY:,} waiting jobs", claims(account.pk), min(0.005, 2 * sorted(few)[len(few) // 2]))
    show(f"tell {MANY:,} waiting jobs their places", [seconds(lambda: tell(account.pk)) for _ in range(3)], 0.5)


def make_tenants(report: Report) -> list[Tenant]:
    tenants = [Tenant(slug=f"tenant-{number}", name=f"Tenant {number}") for number in range(TENANTS)]
    with platform_scope():
        Tenant.objects.bulk_create(tenants)
    for tenant in tenants:
        with tenant_scope(tenant):
            Grant.objects.create(tenant=tenant, report=report)
    return tenants


def wait(tenants: list[Tenant], report: Report, jobs: int) -> None:
    """So many more, all of them admitted; half are the first tenant's."""
    each = jobs // 2 // (len(tenants) - 1)
    for tenant in tenants:
        number = jobs - each * (len(tenants) - 1) if tenant is tenants[0] else each
        with tenant_scope(tenant), connection.cursor() as cursor:
            cursor.execute("set local statement_timeout = 0")
            values = {"tenant": tenant.pk, "account": report.account_id, "report": report.pk, "number": number}
            cursor.execute(WAITING, values)
    # As so many passes of `admit` would have left it.
    recount.recount()


def claims(account_id: int) -> list[float]:
    """Each ends at once, so that the next one finds free slots."""
    took = []
    for _ in range(CLAIMS):
        with engine_scope():
            took.append(seconds(lambda: claim.claim(account_id)))
            end_all(account_id)
    return took


def end_all(account_id: int) -> None:
    started = SnapshotJob.objects.filter(account=account_id, status="starting")
    with connection.cursor() as cursor:
        cursor.execute("update reports_slot set job_id = null where account_id = %s and job_id is not null", [account_id])
    assert started.update(status="collecting", next_look_at=timezone.now()) == SLOTS


def tell(account_id: int) -> None:
    with engine_scope():
        forecast.write(account_id)
