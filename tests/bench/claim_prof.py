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
TENANTS, FEW, MANY, SLOTS, CLAIMS = 2000, 10_000, 100_000, 12, 100
WAITING = """
insert into reports_snapshotjob
       (id, tenant_id, account_id, report_id, status, lane, trigger, formats, visual_ids, parameters, actor, narrowing_tags, fingerprint,
        round, admitted, replaces_because, dashboard_id, sheet_id, requested_prefix, created_at, deadline_at, failure_code, failure_message,
        attempt_count, no_verdicts, crashes, waiting)
select gen_random_uuid(), %(tenant)s, %(account)s, %(report)s, 'queued', 1, 'api', '{PDF}', '{}', '{}', 'bench', '{}', '', 1, true, '', 'd', 's',
       '', now() + n * interval '1 ms', now() + interval '1 day', '', '', 0, 0, 0, ''
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
    prof(account, "FEW")
    wait(tenants, report, MANY - FEW)
    prof(account, "MANY")
    ex(account)


def cpu(pid):
    f = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(f[11]) + int(f[12])) * 10.0


def prof(account, what):
    import time

    with engine_scope(), connection.cursor() as c:
        c.execute("select pg_backend_pid()")
        pid = c.fetchone()[0]
    tot = 0
    py = 0
    wall = []
    for _ in range(CLAIMS):
        with engine_scope():
            a = cpu(pid)
            p = time.process_time()
            w = time.perf_counter()
            claim.claim(account.pk)
            tot += cpu(pid) - a
            py += time.process_time() - p
            wall.append(time.perf_counter() - w)
            end_all(account.pk)
    print(
        what,
        "claim backend cpu ms",
        tot / CLAIMS,
        "python cpu ms",
        py * 1000 / CLAIMS,
        "wall min",
        min(wall),
        "median",
        sorted(wall)[len(wall) // 2],
    )
    tot = 0
    py = 0
    wall = []
    for _ in range(5):
        with engine_scope():
            a = cpu(pid)
            p = time.process_time()
            w = time.perf_counter()
            forecast.write(account.pk)
            tot += cpu(pid) - a
            py += time.process_time() - p
            wall.append(time.perf_counter() - w)
    print(what, "tell backend cpu ms", tot / 5, "python cpu ms", py * 1000 / 5, "wall", wall)


def ex(account):
    from reports.engine import admit

    for _ in range(3):
        with engine_scope(), connection.cursor() as c:
            c.execute("explain (analyze, buffers, settings) " + claim.CLAIM, {"account": account.pk, "most": 24})
            r = c.fetchall()
            end_all(account.pk)
    print("\n".join(x[0] for x in r))
    with engine_scope(), connection.cursor() as c:
        line = list(forecast.islice(forecast._starts(c, account.pk), 3000))
        c.execute(
            "explain (analyze, buffers) " + forecast.WRITE,
            {"account": account.pk, "prior": 25, "learns_from": 50, "told": 2000} | forecast._columns(line),
        )
        r = c.fetchall()
    print("FORECAST")
    print("\n".join(x[0] for x in r))


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
