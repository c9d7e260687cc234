"""What the pump before this one left in hand, and which job is to blame when its process died.

A job that takes its process along (memory, a crash in C) can be caught by nobody; the next pump finds it leased. Each such death counts, so
that the job is started three times and not for ever. Whoever was in hand is a suspect, and suspects are handed out one at a time
(claim.TAKE_DUE): the first step that ends clears an innocent, and the guilty one is there each time. A step that outlived its lease hangs,
and counts the same. So does the end of a whole worker, which mostly is somebody else's doing, and has to come more often.
"""

from __future__ import annotations

import os
from typing import Any

from django.db import connection

from reports.engine.leasing import Lease
from reports.engine.moves import MAX_CRASHES
from reports.models import Pump

# Ends of a worker in a row, each with the job in hand, before it is blamed. Releases and machines end many.
MAX_WITH_WORKER = 6

COUNT = """
with in_hand as materialized (
    select id from reports_snapshotjob
     where account_id = %(account)s and status in ('starting', 'running', 'collecting') and lease_until is not null
       and (%(died)s or lease_until < statement_timestamp()) for update)
update reports_snapshotjob job set lease_until = null, next_look_at = statement_timestamp(), crashes = crashes + 1
  from in_hand where job.id = in_hand.id
returning job.id, job.tenant_id, job.status, job.crashes
"""
CLEAR = """
update reports_snapshotjob set lease_until = null
 where account_id = %(account)s and status in ('starting', 'running', 'collecting') and lease_until is not null
"""


def take_over(account_id: int, process: str) -> list[Lease]:
    """Sign on as `process` (cluster:number). The jobs that have to be given up. In the engine's scope."""
    before = Pump.objects.get(account_id=account_id)
    Pump.objects.filter(pk=before.pk).update(process=process)
    died, by_itself = before.beat_at is not None, _same_cluster(before.process, process)
    if died and by_itself and _lives(before.process):
        # It broke off, without the database for example: its threads finish or fail, and no job is to blame.
        _execute(CLEAR, account=account_id)
        return []
    most = MAX_CRASHES if by_itself or not died else MAX_WITH_WORKER
    counted = [Lease(*row) for row in _execute(COUNT, account=account_id, died=died).fetchall()]
    return [lease for lease in counted if lease.crashes >= most]


def _same_cluster(process: str, other: str) -> bool:
    return process.rpartition(":")[0] == other.rpartition(":")[0]


def _lives(process: str) -> bool:
    """Of this host's. Another program may have got the number since; then no job is blamed this time."""
    try:
        os.kill(int(process.rpartition(":")[2]), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _execute(statement: str, **values: Any) -> Any:
    cursor = connection.cursor()
    cursor.execute(statement, values)
    return cursor
