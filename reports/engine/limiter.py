"""One request budget for each account, in the database, shared by every process of every host.

A step of a job is leased with its turn (claim.TAKE_DUE). Calls beyond the first one of a step, and everybody else's, ask here.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict

from django.db import connection

from tenants.scope import engine_scope

# AWS counts calls in any one second; the tenth part is room for the time a request spends on its way.
SHARE = 0.9
# So many turns late is too late; and a machine that is late each time sends all the same.
TURNS_LATE, MOST_TURNS_MISSED = 2, 3
# After an answer that we are throttled: somebody else uses the account too, or its limit is lower than we were told.
PENALTY_SECONDS = 1.0
SLOWED_SECONDS, SLOWED_BY, SLOWED_TO_AT_LEAST = 60.0, 0.7, 0.2

TAKE = """
update reports_requestbudget b set next_request_at = greatest(b.next_request_at, clock_timestamp()) + make_interval(secs => gap)
  from (select account_id, 1 / (%(share)s * requests_per_second
               * case when slowed_until > statement_timestamp() then slowed_to else 1 end) as gap
          from reports_requestbudget join reports_account on id = account_id where account_id = %(account)s) a
 where b.account_id = a.account_id
returning extract(epoch from b.next_request_at - clock_timestamp())::float8 - gap, gap
"""
COUNT_THROTTLED = "update reports_requestbudget set throttled = throttled + 1 where account_id = %(account)s"
# Many calls in flight are throttled together: the second one within the penalty says nothing new.
SLOW_DOWN = """
update reports_requestbudget
   set next_request_at = greatest(next_request_at, clock_timestamp()) + make_interval(secs => %(penalty)s),
       slowed_to = greatest(%(least)s, %(by)s * case when slowed_until > statement_timestamp() then slowed_to else 1 end),
       slowed_until = statement_timestamp() + make_interval(secs => %(seconds)s)
 where account_id = %(account)s
   and (slowed_until is null or slowed_until < statement_timestamp() + make_interval(secs => %(seconds)s - %(penalty)s))
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


class Gate:
    """What a thread passes before each call: with the turn it was given for the first one, and with turns of its own after that."""

    def __init__(self, account_id: int, requests_per_second: float) -> None:
        self._account_id, self._gap = account_id, 1 / (SHARE * requests_per_second)
        self._given = threading.local()

    def give(self, send_at: float | None) -> None:
        """To this thread: when, by time.monotonic, its next call may leave. None: it has no turn."""
        self._given.send_at = send_at

    def __call__(self) -> None:
        send_at, self._given.send_at = getattr(self._given, "send_at", None), None
        if send_at is None or not _is_in_time(self._account_id, send_at, self._gap):
            wait_for_turn(self._account_id)


def wait_for_turn(account_id: int) -> None:
    """Takes the next free instant of the account's budget and sleeps until it comes. No transaction is open while it sleeps."""
    for _ in range(MOST_TURNS_MISSED):
        with engine_scope(), connection.cursor() as cursor:
            cursor.execute(TAKE, {"account": account_id, "share": SHARE})
            wait, gap = cursor.fetchone()
        if _is_in_time(account_id, time.monotonic() + wait, gap):
            return


def _is_in_time(account_id: int, send_at: float, gap: float) -> bool:
    """Sleeps until then. False: a busy machine woke us so late that others' turns have come, and all would leave together."""
    time.sleep(max(0.0, send_at - time.monotonic()))
    _departures[account_id].keep_apart(gap)
    return time.monotonic() - send_at < TURNS_LATE * gap


def slow_down(account_id: int) -> None:
    """QuickSight throttled us all the same. Everybody waits a moment, and goes on more slowly for a while."""
    values: dict[str, float] = {
        "penalty": PENALTY_SECONDS,
        "seconds": SLOWED_SECONDS,
        "by": SLOWED_BY,
        "least": SLOWED_TO_AT_LEAST,
        "account": account_id,
    }
    with engine_scope(), connection.cursor() as cursor:
        cursor.execute(COUNT_THROTTLED, values)
        cursor.execute(SLOW_DOWN, values)
