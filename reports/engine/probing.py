"""Probing by start: QuickSight is offered one job more than fits. The moment it takes it, a slot has become free that no look has told of.

The job holds a spare slot. However many of those are in use, no more jobs run at QuickSight than it allows: it refuses the others.
"""

from __future__ import annotations

from django.db import connection

from reports.engine import claim
from reports.models import Account

ROOM = """
select count(*) filter (where enabled and not spare and (rests_until is null or rests_until <= statement_timestamp())) - count(job_id),
       exists (select from reports_snapshotjob
                where account_id = %(account)s and status = 'starting' and next_look_at > '-infinity')
  from reports_slot where account_id = %(account)s
"""


def fill(account: Account) -> int:
    """Claim what fits; where nothing does and no other job is being offered, one more. The number of jobs. In the engine's scope."""
    if not account.probes:
        return claim.claim(account.pk)
    with connection.cursor() as cursor:
        cursor.execute(ROOM, {"account": account.pk})
        room, offers = cursor.fetchone()
    if room > 0:
        return claim.claim(account.pk, room)
    return 0 if offers else claim.claim(account.pk, 1, spare=True)
