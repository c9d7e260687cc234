"""A million ended jobs of one company. Those on both ends, which are read, have attempts, events and files."""

from __future__ import annotations

from django.db import connection

from reports.models import Grant, SnapshotJob
from tenants.models import Tenant
from tenants.scope import tenant_scope
from tests import factories

MANY, ENDS = 1_000_000, 200
# What autovacuum would have been through by then, and would else go through while it is measured: for the owner.
TABLES = ("reports_snapshotjob", "reports_snapshotfile", "reports_attempt", "reports_jobevent")
JOBS = """
insert into reports_snapshotjob
       (id, tenant_id, account_id, report_id, status, lane, trigger, formats, visual_ids, parameters, given_parameters, actor,
        narrowing_tags, fingerprint, round, admitted, replaces_because, dashboard_id, sheet_id, requested_prefix, created_at,
        deadline_at, started_at, finished_at, failure_code, failure_message, attempt_count, no_verdicts, crashes, waiting, reference)
select gen_random_uuid(), %(tenant)s, %(account)s, (%(reports)s::uuid[])[1 + n %% 5],
       case when n %% 50 = 0 then 'failed' else 'completed' end, 1, 'api', '{PDF}', '{}', '{"Region": ["North"]}',
       '{"Region": "North"}', 'bench', '{}', '', 1, true, '', 'd', 's', '', now() - n * interval '20 s', now(),
       now() - n * interval '20 s', now() - n * interval '20 s' + interval '40 s',
       case when n %% 50 = 0 then 'result_missing' else '' end, '', 1, 0, 0, '', 'case ' || n
  from generate_series(1, %(number)s) n
"""


def fill(tenant: Tenant) -> list[SnapshotJob]:
    """The jobs of both ends, in no order."""
    reports = [factories.make_report(parameters=[]) for _ in range(5)]
    with tenant_scope(tenant), connection.cursor() as cursor:
        for report in reports:
            Grant.objects.create(tenant=tenant, report=report)
        cursor.execute("set local statement_timeout = 0")
        ids = [report.pk for report in reports]
        cursor.execute(JOBS, {"tenant": tenant.pk, "account": reports[0].account_id, "reports": ids, "number": MANY})
    with tenant_scope(tenant):
        newest = list(SnapshotJob.objects.for_tenant(tenant).select_related("report").newest_first()[:ENDS])
        oldest = list(SnapshotJob.objects.for_tenant(tenant).select_related("report").order_by("created_at", "id")[:ENDS])
    for job in newest + oldest:
        attempt = factories.make_attempt(job=job, ended_at=job.finished_at)
        if job.status == "completed":
            factories.make_file(job=job, attempt=attempt)
        with tenant_scope(tenant):
            for type in ("queued", "submitted", "accepted", "rendered", "saved", "completed"):
                job.note(type, job.created_at, actor="bench", attempt=1, seconds=40, name="report.pdf")
    return newest + oldest
