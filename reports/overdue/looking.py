"""One look at what was due. By statements that an index answers, however many rows there are, and by the database's clock alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from reports import standing, tasks
from reports.engine.leasing import STUCK_GRACE_SECONDS
from reports.models import Heartbeat
from reports.restoring import mode
from tenants.scope import engine_scope

# Longer than whatever the worker makes up for by itself: a host that is replaced, a restart, a release.
GRACE = timedelta(minutes=10)
# A task went through each queue each minute; three that did not are not chance.
BEAT_LATE = timedelta(minutes=3)
# Counted up to this; to count more would cost more and say no more.
MOST = 1000
SILENT, PUMP, SCHEDULES, RUNS = "worker_silent", "pump_silent", "schedules_overdue", "runs_overdue"
JOBS, STAND, UNTOLD, DATABASE = "jobs_overdue", "stand_silent", "alarms_untold", "database_silent"
# What this raises and settles; DATABASE is told without a table.
CODES = frozenset({SILENT, PUMP, SCHEDULES, RUNS, JOBS, STAND, UNTOLD})
START = 'Start `manage.py worker` on one host at least and read its log; docs/operations.md, "When the worker is gone".'

# Read by the index `schedule_due`.
DUE_SCHEDULES = """
select count(*), min(next_run_at) from (
    select next_run_at from reports_schedule
     where retired_at is null and next_run_at < statement_timestamp() - %(grace)s order by next_run_at limit %(most)s) late
"""
# Read by the index `occurrence_open`. A run whose jobs have all ended only waits for people's servers, which tells of itself elsewhere.
OPEN_RUNS = """
select count(*), min(planned_at) from (
    select planned_at from reports_occurrence run
     where status in ('planned', 'running') and planned_at < statement_timestamp() - %(grace)s
       and (status = 'planned' and created_at < statement_timestamp() - %(grace)s
            or (ready_by_at < statement_timestamp() - %(grace)s or expanded_at < statement_timestamp() - %(grace)s - %(deadline)s)
               and exists (select from reports_snapshotjob job where job.occurrence_id = run.id
                            and job.status in ('queued', 'starting', 'running', 'collecting')))
     order by planned_at limit %(most)s) late
"""
# Read by `job_overdue` and `job_due`, account by account.
LATE_JOBS = """
select count(*), min(deadline_at) from reports_account account cross join lateral (
    (select deadline_at from reports_snapshotjob
      where account_id = account.id and status = 'queued' and deadline_at < statement_timestamp() - %(grace)s limit %(most)s)
    union all
    (select deadline_at from reports_snapshotjob
      where account_id = account.id and status in ('starting', 'running', 'collecting')
        and deadline_at < statement_timestamp() - %(grace)s - %(stuck)s limit %(most)s)) late
"""
# Read by `job_due`, `job_inbox` and `job_queue`. Whom the account's or the tenant's pause holds up, waits for people.
SILENT_PUMPS = """
select account.name, pump.beat_at from reports_account account join reports_pump pump on pump.account_id = account.id
 where coalesce(pump.beat_at < statement_timestamp() - %(late)s, true)
   and (exists (select from reports_snapshotjob where account_id = account.id and status in ('starting', 'running', 'collecting')
                   and next_look_at < statement_timestamp() - %(grace)s
                   and (lease_until is null or lease_until < statement_timestamp()))
        or exists (select from reports_snapshotjob where account_id = account.id and status = 'queued' and not admitted
                      and created_at < statement_timestamp() - %(grace)s)
        or exists (select from reports_snapshotjob where account_id = account.id and status = 'queued' and admitted
                      and created_at < statement_timestamp() - %(grace)s))
 order by account.name
"""
# As reports/due.py has it: from tenant to tenant along the index, and of each the one that waits longest.
DUE_ROWS = """
with recursive waiting(tenant_id) as (
    (select tenant_id from {table} where {open} order by tenant_id limit 1)
    union all
    select (select tenant_id from {table} m where {open} and m.tenant_id > waiting.tenant_id order by tenant_id limit 1)
      from waiting where waiting.tenant_id is not null)
select min(next_try_at) from waiting cross join lateral (
    select next_try_at from {table} m where m.tenant_id = waiting.tenant_id and {open} order by next_try_at limit 1) first
 where next_try_at < statement_timestamp() - %(grace)s
"""
WAITING = "status in ('pending', 'sending') and next_try_at is not null"
# What a stand has to do, in words for people, and where it waits.
LINES = {
    "courier": (
        ("mails", "reports_delivery", f"{WAITING} and channel = 'email'"),
        ("notices by mail", "reports_notice", WAITING),
    ),
    "carrier": (
        ("deliveries to destinations", "reports_delivery", f"{WAITING} and channel <> 'email'"),
        ("webhooks' messages", "reports_webhookdelivery", "status in ('pending', 'failed') and next_try_at is not null"),
    ),
}
# Read by `alarm_to_tell` and `alarm_message_due`.
UNTOLD_ALARMS = """
select count(*), min(since) from (
    select raised_at as since from reports_alarm where handed = '' and ended_at is null and raised_at < statement_timestamp() - %(grace)s
       and code <> all(%(ours)s)
    union all
    select next_try_at from reports_alarmmessage message join reports_alarm alarm on alarm.id = message.alarm_id
     where way in ('webhook', 'mail') and next_try_at < statement_timestamp() - %(grace)s and alarm.code <> all(%(ours)s)) late
"""


@dataclass(frozen=True)
class Cause:
    """One alarm, for as long as it is found. `sentence` as in reports/alerts.py."""

    code: str
    subject: str
    sentence: str


@dataclass(frozen=True)
class Look:
    """`asked`: the codes that were looked for. Of the others nothing is known."""

    causes: list[Cause]
    asked: frozenset[str]


def look() -> Look:
    """Outside any scope. What follows from a silent queue is not looked for beside it, but for what tenants miss."""
    silent = list(_silent_queues())
    if restored := mode.state():
        # Nothing shall be noted, started or sent, so that all of it would be overdue.
        return Look([*silent, Cause(mode.ALARM, "", mode.sentence(restored))], frozenset({SILENT}))
    queues = {cause.subject for cause in silent}
    checks: dict[str, Callable[[], Iterator[Cause]]] = {SCHEDULES: _schedules, RUNS: _runs, JOBS: _jobs}
    checks |= {} if tasks.ENGINE in queues else {PUMP: _pumps}
    checks |= {} if tasks.WORK in queues else {STAND: _stands, UNTOLD: _untold}
    return Look(silent + [cause for check in checks.values() for cause in check()], frozenset({SILENT, *checks}))


def _silent_queues() -> Iterator[Cause]:
    ages = dict(Heartbeat.objects.values_list("cluster", Now() - F("beat_at")))
    for cluster in tasks.CLUSTERS:
        age = ages.get(cluster)
        if age is None or age > BEAT_LATE:
            since = "was never seen" if age is None else f"has not been seen for {_minutes(age)}"
            what = "notes, starts or collects anything" if cluster == tasks.ENGINE else "sends mails or makes planned runs"
            yield Cause(SILENT, cluster, f"The worker's queue {cluster} {since}: nobody {what}. {START}")


def _schedules() -> Iterator[Cause]:
    count, since = _one(DUE_SCHEDULES)
    if count:
        yield Cause(SCHEDULES, "", f"{_counted(count, 'schedule was', 'schedules were')} due and not noted, since {_at(since)}. {START}")


def _runs() -> Iterator[Cause]:
    count, since = _one(OPEN_RUNS, deadline=settings.JOB_DEADLINE)
    if count:
        told = f"{_counted(count, 'planned run has', 'planned runs have')} no end although their time is over, the first of {_at(since)}."
        yield Cause(RUNS, "", f"{told} `manage.py doctor` says what stands still; staff see the line on the queue page.")


def _jobs() -> Iterator[Cause]:
    count, since = _one(LATE_JOBS, stuck=timedelta(seconds=STUCK_GRACE_SECONDS))
    if count:
        told = f"{_counted(count, 'job is', 'jobs are')} past their deadline and did not end, the first since {_at(since)}."
        yield Cause(JOBS, "", f"{told} {START}")


def _pumps() -> Iterator[Cause]:
    for name, beat_at in _all(SILENT_PUMPS, late=BEAT_LATE):
        since = f"since {_at(beat_at)}" if beat_at else f"for {_minutes(GRACE)} or longer"
        yield Cause(PUMP, name, f"Nobody works on the jobs of account {name} {since}. {START}")


def _stands() -> Iterator[Cause]:
    dead = set(standing.dead(list(LINES)))
    for name in sorted(dead):
        for what, table, waits in LINES[name]:
            # nosemgrep: sql-from-text - tables and states are our own words
            (since,) = _one(DUE_ROWS.format(table=table, open=waits))
            if since:
                yield Cause(STAND, f"{name}, {what}", f"Nobody takes {what} that are due, since {_at(since)}. {START}")


def _untold() -> Iterator[Cause]:
    if standing.dead(["alarms"]):
        count, since = _one(UNTOLD_ALARMS, ours=sorted(CODES))
        if count:
            yield Cause(
                UNTOLD, "", f"{_counted(count, 'alarm waits', 'alarms wait')} to be told, since {_at(since)}; the log has them. {START}"
            )


def _one(statement: str, **values: Any) -> tuple[Any, ...]:
    (row,) = _all(statement, **values)
    return row


def _all(statement: str, **values: Any) -> list[tuple[Any, ...]]:
    """A transaction for each: none is held open from the first statement to the last."""
    with engine_scope(), connection.cursor() as cursor:
        given: dict[str, Any] = {"grace": GRACE, "most": MOST} | values
        cursor.execute(statement, given)
        return list(cursor.fetchall())


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,}{' or more' if count >= MOST else ''} {one if count == 1 else many}"


def _minutes(duration: timedelta) -> str:
    minutes = round(duration.total_seconds() / 60)
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}Z"
