"""How many jobs start before a waiting one, and about when it starts itself.

Written on the job's own row, so that a tenant's page reads no other tenant's. The order is that of
`claim`: whoever changes one changes the other.
"""

from __future__ import annotations

from django.db import connection

# How long a job holds its slot, before an account has ended one to learn from.
PRIOR_SECONDS = 25.0
LEARNS_FROM = 50
# Further back nobody is told a place. Jobs that newcomers of the first lane push back beyond it forget theirs, if the margin holds them.
TOLD, MARGIN = 2000, 1000

# A line that moves changes every place in it. Far back a place is told to within a twentieth, and a time to within a tenth of the wait:
# else each start would rewrite two thousand rows. Rows that are locked are just being claimed or cancelled.
WRITE = """
with account as (
    select unanswered_since is null and refused_since is null as starts from reports_account where id = %(account)s),
usual as (
    select coalesce(avg(took), %(prior)s) as seconds from (
        select extract(epoch from finished_at - started_at)::float as took from reports_snapshotjob
         where account_id = %(account)s and status = 'completed' and started_at is not null
         order by finished_at desc limit %(learns_from)s) lately),
slots as (
    select count(*) as usable, count(*) filter (where job_id is null) as free,
           coalesce(extract(epoch from statement_timestamp() - min(job.started_at)), 0)::float as longest
      from reports_slot slot left join reports_snapshotjob job on job.id = slot.job_id
     where slot.account_id = %(account)s and enabled and (rests_until is null or rests_until <= statement_timestamp())),
line as (
    select id, row_number() over (order by lane, created_at, id) - 1 as place from (
        select id, lane, created_at from reports_snapshotjob
         where account_id = %(account)s and status = 'queued' and (not_before is null or not_before <= statement_timestamp())
         order by lane, created_at, id limit %(told)s + %(margin)s) job),
told as (
    select line.id, case when place < %(told)s and starts then place end as ahead,
           case when place < %(told)s and starts and usable > 0 then
               case when place < free then 0 else greatest(0, seconds - longest) + (place - free) * seconds / usable end
           end as wait
      from line, account, usual, slots),
changed as (
    select job.id, told.ahead, statement_timestamp() + make_interval(secs => told.wait) as expected
      from told join reports_snapshotjob job using (id)
     where job.status = 'queued' and (
           (job.ahead is null) <> (told.ahead is null) or abs(job.ahead - told.ahead) >= greatest(1, told.ahead / 20)
        or (job.expected_start_at is null) <> (told.wait is null)
        or abs(extract(epoch from job.expected_start_at - statement_timestamp()) - told.wait) > greatest(15, told.wait / 10))
       for update of job skip locked)
update reports_snapshotjob job set ahead = changed.ahead, expected_start_at = changed.expected
  from changed where job.id = changed.id
"""


def write(account_id: int) -> int:
    """For the jobs that could start now; the number of rows that changed. In the engine's scope."""
    values = {"account": account_id, "prior": PRIOR_SECONDS, "learns_from": LEARNS_FROM, "told": TOLD, "margin": MARGIN}
    with connection.cursor() as cursor:
        cursor.execute(WRITE, values)
        return cursor.rowcount
