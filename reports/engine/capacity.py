"""How full each account is, written down once a minute: pages draw a day of it without reading a job.

Jobs in line are the engine's own counters; those that are kept out of it are counted up to COUNTED_UP_TO, so that a million of them cost
no more than a thousand.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.db.models.functions import Now

from reports.models import CapacitySample

COUNTED_UP_TO = 1000
KEPT = timedelta(days=8)
# After a longer time without a worker the first sample counts what ended in the last part of it.
COUNTED_BACK = "1 hour"
SAMPLE = """
insert into reports_capacitysample (account_id, at, slots, in_use, waiting, oldest_seconds, throttled, delivered, failed)
select account.id, moment.at, account.slots,
       (select count(*) from reports_slot where account_id = account.id and job_id is not null),
       (select coalesce(sum(queued), 0) from reports_tenantqueue where account_id = account.id)
       + (select count(*) from (select from reports_snapshotjob where account_id = account.id and status = 'queued' and not admitted
                                 limit %(counted)s) held),
       coalesce((select greatest(0, extract(epoch from moment.at - created_at)) from reports_snapshotjob
                  where account_id = account.id and status = 'queued' order by deadline_at limit 1), 0),
       coalesce((select throttled from reports_requestbudget where account_id = account.id), 0),
       (select count(*) from reports_snapshotjob where account_id = account.id and status = 'completed'
           and finished_at > before.at and finished_at <= moment.at),
       (select count(*) from reports_snapshotjob where account_id = account.id and status = 'failed'
           and finished_at > before.at and finished_at <= moment.at)
  from reports_account account
  cross join (select date_trunc('minute', statement_timestamp(), 'UTC') as at) moment
  cross join lateral (
       select greatest(moment.at - %(back)s::interval, coalesce(max(at), moment.at - interval '1 minute')) as at
         from reports_capacitysample where account_id = account.id) before
 where account.slots > 0
on conflict do nothing
"""


def sample() -> int:
    """Of how many accounts. Twice in a minute is once. In the engine's scope."""
    with connection.cursor() as cursor:
        cursor.execute(SAMPLE, {"counted": COUNTED_UP_TO, "back": COUNTED_BACK})
        return cursor.rowcount


def forget_old() -> None:
    """In the engine's scope."""
    CapacitySample.objects.filter(at__lt=Now() - KEPT).delete()
