"""How queue, slots, deliveries and schedules stand, looked up every few seconds by the worker and written into one row.

Web processes tell it to who watches the portal, and see no tenant's rows for that. It holds nothing of tenants either: accounts by their
name, and numbers. What could be a million rows is counted up to a limit.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from typing import Any

import django.db
from django.db import connection

from reports.measures import NOTICE, PREFIX, STATE, WEBHOOK
from reports.models import Delivery, SnapshotJob
from tenants.scope import engine_scope

logger = logging.getLogger(__name__)
LOOK_SECONDS = 15.0
# All in one statement: a turn of a stand has to be shorter than what counts as dead.
TIMEOUT = "5s"
HELD_UP_TO, WAITING_UP_TO = 1000, 50_000
# A supervisor looks every two seconds, a stand beats each second.
SEEN_WITHIN, BEATS_WITHIN = "15 seconds", "10 seconds"
CHANNELS = (*Delivery.Channel.values, NOTICE, WEBHOOK)
LANES = {lane.value: lane.name.lower() for lane in SnapshotJob.Lane}

QUEUES = """
account as materialized (select id, name, slots, unanswered_since, refused_since from reports_account where slots > 0),
lane as (select * from unnest(%(lanes)s::int[], %(lane_names)s::text[]) lane(number, name)),
-- Jobs that were not let in yet and may be, as `admit` asks it; without a pump all are such.
inbox as materialized (
    select account.id as account_id, job.lane, greatest(job.created_at, job.not_before) as since,
           (job.not_before is null or job.not_before <= statement_timestamp())
           and not exists (select from reports_pause pause where pause.kind = 'tenant' and pause.tenant_id = job.tenant_id)
           and not exists (select from reports_pause pause where pause.kind = 'report' and pause.report_id = job.report_id) as is_ready
      from account cross join lateral (
           select lane, created_at, not_before, tenant_id, report_id from reports_snapshotjob
            where account_id = account.id and status = 'queued' and not admitted order by id limit %(held)s) job),
line as materialized (
    select queue.account_id, queue.lane, sum(queue.queued) as jobs, min(job.since) as since
      from reports_tenantqueue queue left join lateral (
           select greatest(created_at, not_before) as since from reports_snapshotjob
            where account_id = queue.account_id and lane = queue.lane and tenant_id = queue.tenant_id and status = 'queued' and admitted
            order by created_at, id limit 1) job on true
     where queue.queued > 0 group by 1, 2),
-- How many of a tenant's jobs its limit lets start.
share as materialized (
    select queue.account_id, least(sum(queue.queued), greatest(0, coalesce(max(tenant.max_running), 32767) - sum(queue.running))) as jobs
      from reports_tenantqueue queue join tenants_tenant tenant on tenant.id = queue.tenant_id
     where not exists (select from reports_pause pause where pause.kind = 'tenant' and pause.tenant_id = queue.tenant_id)
     group by queue.account_id, queue.tenant_id),
held as materialized (
    select account.name, account.id, reason.name as reason, reason.is_so
      from account cross join lateral (values
           ('unanswered', account.unanswered_since is not null), ('refused', account.refused_since is not null),
           ('paused', exists (select from reports_pause where kind = 'account' and account_id = account.id))) reason(name, is_so)),
slot as materialized (
    select account_id, count(*) filter (where job_id is not null and not spare) as in_use,
           count(*) filter (where job_id is not null and spare) as spare,
           count(*) filter (where job_id is null and enabled and not spare and rests_until > statement_timestamp()) as resting
      from reports_slot group by account_id)
"""
# What waits for its next try; that of a suspended tenant, or of one whose mail is paused, waits on purpose.
GOING_OUT = """
waiting as materialized (
    select channel, tenant_id, next_try_at from (
        select channel, tenant_id, next_try_at from reports_delivery
         where status in ('pending', 'sending') and next_try_at is not null and channel = 'email' limit %(waiting)s) mail
    union all
    select * from (
        select channel, tenant_id, next_try_at from reports_delivery
         where status in ('pending', 'sending') and next_try_at is not null and channel <> 'email' limit %(waiting)s) elsewhere
    union all
    select * from (
        select %(notice)s, tenant_id, next_try_at from reports_notice
         where status in ('pending', 'sending') and next_try_at is not null limit %(waiting)s) notice
    union all
    select * from (
        select %(webhook)s, tenant_id, next_try_at from reports_webhookdelivery where next_try_at is not null limit %(waiting)s) webhook),
out as materialized (
    select channel, count(*) as messages, min(next_try_at) as due from waiting join tenants_tenant tenant on tenant.id = tenant_id
     where tenant.suspended_at is null
       and (channel = %(webhook)s or not exists (
            select from reports_pause pause where pause.kind = 'delivery' and (pause.tenant_id = tenant.id or pause.tenant_id is null)))
     group by channel)
"""
SECONDS = "greatest(0, coalesce(extract(epoch from statement_timestamp() - {}), 0))"
# By the name of a measure: rows of its labels, as JSON, and its value.
LOOKS = {
    "queue_jobs": """
        select jsonb_build_object('account', account.name, 'lane', lane.name), coalesce(line.jobs, 0)
          from account cross join lane left join line on line.account_id = account.id and line.lane = lane.number""",
    "queue_oldest_seconds": f"""
        select jsonb_build_object('account', account.name, 'lane', lane.name), {SECONDS.format("least(line.since, new.since)")}
          from account cross join lane left join line on line.account_id = account.id and line.lane = lane.number
          left join (select account_id, lane, min(since) as since from inbox where is_ready group by 1, 2) new
            on new.account_id = account.id and new.lane = lane.number""",  # nosec B608 # texts of ours
    "queue_held_jobs": """
        select jsonb_build_object('account', account.name), (select count(*) from inbox where account_id = account.id) from account""",
    "queue_startable_jobs": """
        select jsonb_build_object('account', account.name),
               case when exists (select from held where held.id = account.id and is_so) then 0
                    else coalesce((select sum(jobs) from share where account_id = account.id), 0) end
          from account""",
    "slots_limit": "select jsonb_build_object('account', name), slots from account",
    "slots_in_use": "select jsonb_build_object('account', name), coalesce(in_use, 0) from account left join slot on account_id = id",
    "slots_resting": "select jsonb_build_object('account', name), coalesce(resting, 0) from account left join slot on account_id = id",
    "slots_spare_in_use": "select jsonb_build_object('account', name), coalesce(spare, 0) from account left join slot on account_id = id",
    "account_held": "select jsonb_build_object('account', name, 'reason', reason), is_so::int from held",
    "pump_age_seconds": f"""
        select jsonb_build_object('account', account.name), {SECONDS.format("pump.beat_at")}
          from account join reports_pump pump on pump.account_id = account.id where pump.beat_at is not null""",  # nosec B608 # texts of ours
    "heartbeat_age_seconds": f"select jsonb_build_object('cluster', cluster), {SECONDS.format('beat_at')} from reports_heartbeat",  # nosec B608 # texts of ours
    "worker_processes": """
        select jsonb_build_object('cluster', name), count(process.id) from unnest(%(clusters)s::text[]) name
          left join reports_process process on process.cluster = name and process.seen_at > statement_timestamp() - %(seen)s::interval
         group by name""",
    "stand_up": """
        select jsonb_build_object('stand', name), exists (
               select from reports_process where doing = 'stand ' || name
                  and worked_at > statement_timestamp() - %(beats)s::interval)::int
          from unnest(%(stands)s::text[]) name""",
    "deliveries_waiting": """
        select jsonb_build_object('channel', name), coalesce(messages, 0) from unnest(%(channels)s::text[]) name
          left join out on channel = name""",
    "deliveries_oldest_seconds": f"""
        select jsonb_build_object('channel', name), {SECONDS.format("due")} from unnest(%(channels)s::text[]) name
          left join out on channel = name""",  # nosec B608 # texts of ours
    "schedule_late_seconds": f"""
        select '{{}}'::jsonb, {SECONDS.format("min(next_run_at)")} from reports_schedule where retired_at is null""",  # nosec B608 # texts of ours
    "alarms_open": """
        select jsonb_build_object('code', code), count(*) from reports_alarm
         where ended_at is null and (forget_at is null or forget_at > statement_timestamp()) group by code""",
    "restored_mode": "select '{}'::jsonb, (exists (select from reports_installation where restored_at is not null))::int",
}
# nosemgrep: sql-from-text - our own words
LOOK = " union all ".join(f"select '{PREFIX}{name}', look.* from ({look}) look" for name, look in LOOKS.items())  # nosec B608 # texts of ours
WRITE = f"""
with {QUEUES}, {GOING_OUT}, found(name, labels, value) as ({LOOK})
insert into reports_figures as figures (number, at, state)
select 1, statement_timestamp(), coalesce(jsonb_agg(jsonb_build_array(name, labels, value)), '[]'::jsonb) from found
on conflict (number) do update set at = excluded.at, state = excluded.state
"""  # nosec B608 # texts of ours
assert set(LOOKS) == {measure.name for measure in STATE}


def write(clusters: Collection[str], stands: Collection[str]) -> None:
    """Outside any scope."""
    values: dict[str, Any] = {
        "lanes": list(LANES),
        "lane_names": list(LANES.values()),
        "held": HELD_UP_TO,
        "waiting": WAITING_UP_TO,
        "notice": NOTICE,
        "webhook": WEBHOOK,
        "channels": list(CHANNELS),
        "clusters": list(clusters),
        "stands": list(stands),
        "seen": SEEN_WITHIN,
        "beats": BEATS_WITHIN,
    }
    with engine_scope(), connection.cursor() as cursor:
        cursor.execute("select set_config('statement_timeout', %s, true)", [TIMEOUT])
        cursor.execute(WRITE, values)


def writer(clusters: Collection[str], stands: Collection[str]) -> Callable[[], bool]:
    """Stands by, see reports/standing.py."""
    look_at = 0.0

    def turn() -> bool:
        """Always False: the next look is a while away."""
        nonlocal look_at
        if time.monotonic() >= look_at:
            look_at = time.monotonic() + LOOK_SECONDS
            try:
                write(clusters, stands)
            except django.db.Error:
                # Who stands beside it tells of alarms, and must not end because a figure is missing. Its age says that it is.
                logger.exception("the figures of /metrics could not be looked up")
        return False

    return turn
