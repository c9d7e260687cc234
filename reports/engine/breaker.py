"""The circuit breaker of a report: what fails again and again for one cause is paused, and tried by one job now and then.

All of it is in rows: how often it failed in `Report`, the pause and its next probe in `Pause`. Alarms follow the pauses, see
reports/alarms/paused_reports.py.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.db import connection

from reports.models import LaneClock, Pause, Report, SnapshotJob

Status, Waiting = SnapshotJob.Status, SnapshotJob.Waiting
OPENS_AFTER = 5
# What QuickSight made of the report. Not what somebody asked for, nor our own faults, nor time that ran out.
COUNTED = frozenset({"report_failed", "result_missing", "result_invalid", "render_timeout"})
# Permissions and configuration: each job of the report would meet the same.
AT_ONCE = frozenset({"access_denied", "report_missing", "report_unfit"})
# Also said of one tenant's tags; then it is no fault of the report.
OF_REPORT_OR_TENANT = "rows_not_isolated"
# A probe after 1, 2, 4 … minutes: each as long after the one before as the pause was old then.
SHORTEST_PROBE, LONGEST_PROBE = timedelta(minutes=1), timedelta(minutes=30)

COUNT = """
update reports_report set failures_in_row = case when failing_code = %(code)s then failures_in_row + 1 else 1 end, failing_code = %(code)s
 where id = %(report)s returning failures_in_row
"""
OPEN = """
insert into reports_pause (kind, report_id, since, by, because, code, probe_at)
values ('report', %(report)s, statement_timestamp(), '', '', %(code)s, statement_timestamp() + %(shortest)s)
on conflict do nothing
"""
# For a report whose probe is due and of which nothing is under way, the oldest job of a tenant that is drawn by lot: where one tenant's
# wishes are what fails, its hundred jobs shall not be all the probes there are. The pause's own row decides between two who ask at once,
# and keeps its time while nobody waits: the next job that comes is the probe.
PROBE = """
with due as materialized (
    select pause.id, pause.report_id, pause.probe_at, pause.since
      from reports_pause pause join reports_report report on report.id = pause.report_id
     where pause.kind = 'report' and report.account_id = %(account)s and pause.probe_at <= statement_timestamp()
       and not exists (select from reports_snapshotjob job where job.account_id = %(account)s and job.report_id = pause.report_id
                          and job.status in ('starting', 'running', 'collecting'))
       and not exists (select from reports_snapshotjob job where job.account_id = %(account)s and job.report_id = pause.report_id
                          and job.status = 'queued' and job.admitted)),
picked as materialized (
    select due.id as pause_id, due.probe_at, due.since, waiting.* from due cross join lateral (
        select tenant_id from (
            select distinct job.tenant_id from reports_snapshotjob job
             where job.account_id = %(account)s and job.report_id = due.report_id and job.status = 'queued' and not job.admitted
               and (job.not_before is null or job.not_before <= statement_timestamp())
               and not exists (select from reports_pause own where own.kind = 'tenant' and own.tenant_id = job.tenant_id)) tenants
         order by random() limit 1) drawn cross join lateral (
        select job.id, job.lane, job.tenant_id from reports_snapshotjob job
         where job.account_id = %(account)s and job.report_id = due.report_id and job.status = 'queued' and not job.admitted
           and job.tenant_id = drawn.tenant_id and (job.not_before is null or job.not_before <= statement_timestamp())
         order by job.lane, job.created_at, job.id limit 1 for update skip locked) waiting),
moved as (
    update reports_pause pause
       set probe_at = statement_timestamp() + least(greatest(statement_timestamp() - picked.since, %(shortest)s), %(longest)s)
      from picked where pause.id = picked.pause_id and pause.probe_at = picked.probe_at
    returning pause.id),
let_in as (
    update reports_snapshotjob job set admitted = true, waiting = 'probe' from picked join moved on moved.id = picked.pause_id
     where job.id = picked.id
    returning job.lane, job.tenant_id),
more as (select lane, tenant_id, count(*) as jobs from let_in group by lane, tenant_id)
insert into reports_tenantqueue as queue (account_id, lane, tenant_id, virtual_time, queued, running)
select %(account)s, more.lane, more.tenant_id, coalesce(clock.virtual_time, 0), more.jobs, 0
  from more left join reports_laneclock clock on clock.account_id = %(account)s and clock.lane = more.lane
 order by more.lane, more.tenant_id
on conflict (account_id, lane, tenant_id) do update set queued = queue.queued + excluded.queued,
    virtual_time = case when queue.queued = 0 then greatest(queue.virtual_time, excluded.virtual_time) else queue.virtual_time end
"""


def verdict(job: SnapshotJob, seen: str) -> str | None:
    """What a move of the job from `seen` says about its report: the cause of a failure; empty: it worked; None: nothing that is news.

    In the tenant's scope.
    """
    if job.status == seen:
        return None
    if job.status == Status.COMPLETED:
        return "" if job.report.failures_in_row else None
    if job.status == Status.FAILED:
        # QuickSight had rendered it; who denies us the file is the bucket, which may be one tenant's own.
        return None if seen == Status.COLLECTING and job.failure_code in AT_ONCE else job.failure_code
    if job.status == Status.QUEUED and job.waiting == Waiting.RETRY:
        attempt = job.attempts.exclude(ended_at=None).last()
        return attempt.failure_code if attempt else None
    return None


def hear(report_id: uuid.UUID, verdict: str) -> None:
    """In the engine's scope, and in the transaction of the move."""
    if verdict:
        _failed(report_id, verdict)
    else:
        _worked(report_id)


def _failed(report_id: uuid.UUID, code: str) -> None:
    if code not in COUNTED and not _at_once(report_id, code):
        return
    values: dict[str, Any] = {"report": report_id, "code": code, "shortest": SHORTEST_PROBE}
    with connection.cursor() as cursor:
        cursor.execute(COUNT, values)
        (failures,) = cursor.fetchone()
        if failures >= OPENS_AFTER or code not in COUNTED:
            cursor.execute(OPEN, values)


def _at_once(report_id: uuid.UUID, code: str) -> bool:
    if code == OF_REPORT_OR_TENANT:
        return Report.objects.filter(pk=report_id, preflight=Report.Preflight.REFUSED).exists()
    return code in AT_ONCE


def _worked(report_id: uuid.UUID) -> None:
    """Whichever job it was: one that was under way when the pause began proves as much as a probe."""
    if Report.objects.filter(pk=report_id, failures_in_row__gt=0).update(failures_in_row=0, failing_code=""):
        Pause.objects.by_itself().of_report(report_id).delete()


def is_open(report_id: uuid.UUID) -> bool:
    """Whether the report is paused. Several that find out at once ask one after the other, until each one's transaction ends: so one is
    the first. In the tenant's scope.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"refused {report_id}"])
    return Pause.objects.of_report(report_id).exists()


def probe(account_id: int) -> None:
    """Let one waiting job into the line for each report whose probe is due. In the engine's scope."""
    # As admitting does: what is counted stays so until the transaction ends.
    list(LaneClock.objects.select_for_update().filter(account=account_id).order_by("lane"))
    values: dict[str, Any] = {"account": account_id, "shortest": SHORTEST_PROBE, "longest": LONGEST_PROBE}
    with connection.cursor() as cursor:
        cursor.execute(PROBE, values)
