"""One request budget for each account, in the database, shared by every process of every host."""

from __future__ import annotations

import threading
import time
from collections import defaultdict

from django.db import connection

from tenants.scope import engine_scope

# AWS counts calls in any one second; the tenth part is room for the time a request spends on its way.
SHARE = 0.9
PENALTY_SECONDS = 1.0

TAKE = """
update reports_requestbudget b
   set next_request_at = greatest(b.next_request_at, clock_timestamp()) + make_interval(secs => 1 / (%(share)s * a.requests_per_second))
  from reports_account a
 where a.id = b.account_id and b.account_id = %(account)s
returning extract(epoch from b.next_request_at - clock_timestamp())::float8 - 1 / (%(share)s * a.requests_per_second),
          1 / a.requests_per_second
"""
SLOW_DOWN = """
update reports_requestbudget
   set next_request_at = greatest(next_request_at, clock_timestamp()) + make_interval(secs => %(seconds)s)
 where account_id = %(account)s
"""


class Departures:
    """Where a busy machine wakes several threads late, their calls would leave together; this keeps the gap at the door."""

    def __init__(self) -> None:
        self._lock, self._last = threading.Lock(), 0.0

    def keep_apart(self, gap: float) -> None:
        with self._lock:
            time.sleep(max(0.0, self._last + gap - time.monotonic()))
            self._last = time.monotonic()


_departures: defaultdict[int, Departures] = defaultdict(Departures)


def wait_for_turn(account_id: int) -> None:
    """Takes the next free instant of the account's budget and sleeps until it comes. No transaction is open while it sleeps."""
    with engine_scope(), connection.cursor() as cursor:
        cursor.execute(TAKE, {"account": account_id, "share": SHARE})
        wait, gap = cursor.fetchone()
    if wait > 0:
        time.sleep(wait)
    _departures[account_id].keep_apart(gap)


def slow_down(account_id: int) -> None:
    """QuickSight throttled us all the same: somebody else uses the account too. Everybody waits."""
    with engine_scope(), connection.cursor() as cursor:
        cursor.execute(SLOW_DOWN, {"account": account_id, "seconds": PENALTY_SECONDS})
