"""The loop that keeps one account's slots full: claim, start, look, collect, until its window ends; then it enqueues itself again.

All truth is in the tables. A message that starts a pump may be lost (a watchdog sends one each minute) or doubled (one pump per account
holds a lock), and two pumps at once would still never start a job twice.
"""

from __future__ import annotations

import logging
import os
import time
from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import InterfaceError, OperationalError, connection
from django.db.models import Q
from django.db.models.functions import Now
from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.exceptions import TimeoutException
from django_q.tasks import async_task

from reports import tallies
from reports.engine import events, holding, leasing, moves, process, takeover
from reports.engine.clock import DatabaseClock
from reports.engine.crew import RECONNECT_SECONDS, Crew, write_down
from reports.engine.only_one import end_holder, only_one
from reports.engine.process import PUMP, stopping
from reports.engine.turns import Turns, has_work
from reports.models import Account, Pump
from reports.restoring import gate
from reports.task_versions import takes
from tenants.scope import engine_scope

logger = logging.getLogger(__name__)
PUMP_TASK = "reports.engine.pump.pump"
ENGINE = str(settings.Q_CLUSTER["name"])
LOCK_CLASS = 7201
WINDOW_SECONDS = 50.0
WAKE_ONCE_SECONDS = 5
# Without a beat for this long a pump counts as dead.
BEAT_LATE = timedelta(seconds=3)
# Without one for this long it lost its right to be the only one, also where its process or its host is frozen and keeps the lock.
GONE_AFTER = timedelta(seconds=15)
MOST_MESSAGES = 100
# Where workers are fewer than accounts, these take turns.
SHARED_WINDOW_SECONDS = 5.0
# Of this process: those of pumps that ended while a call was still under way.
_crews: list[Crew] = []


def wake(account_id: int) -> None:
    """Call after the commit, outside any scope. A pump that is alive finds the job by itself within a second."""
    # By the database's clock on both sides: hosts' clocks differ.
    alive = Pump.objects.filter(account_id=account_id, beat_at__gt=Now() - BEAT_LATE).exists()
    # One message wakes as well as five thousand, which the queue would have to carry while no worker runs.
    woken = f"engine:woken:{account_id}"
    if not alive and cache.add(woken, 1, timeout=WAKE_ONCE_SECONDS) and not is_full(ENGINE):
        try:
            send(account_id)
        except Exception:
            # It was not sent after all: the next job may try.
            cache.delete(woken)
            raise


def send(account_id: int) -> None:
    """By its name: in a process of another queue django-q2 would take that one, and a pump would keep its places from its own tasks."""
    async_task(PUMP_TASK, account_id, cluster=ENGINE)


def is_full(cluster: str) -> bool:
    """So many messages wait that one more wakes nobody sooner: no worker takes them just now."""
    return bool(get_broker(cluster).queue_size() >= MOST_MESSAGES)


def watch() -> None:
    """Each minute, for every account: end what should have ended long ago, and send for a pump where nobody pumps."""
    account_ids = list(Pump.objects.values_list("account_id", flat=True))
    for account_id in account_ids:
        end_stuck(account_id)
    # After all of those, because it needs the cache and the broker too.
    for account_id in account_ids:
        wake(account_id)


def replace_dead() -> None:
    """Every few seconds: send for a pump where one beat until a moment ago, or where work waits and no message for it arrived."""
    alive = Q(beat_at__gt=Now() - BEAT_LATE)
    for account_id, beat_at in Pump.objects.exclude(alive).values_list("account_id", "beat_at"):
        if beat_at or has_work(account_id):
            wake(account_id)
    for account_id in Pump.objects.filter(beat_at__lt=Now() - GONE_AFTER).values_list("account_id", flat=True):
        end_holder(LOCK_CLASS, account_id)


def send_for_all() -> None:
    """After a start of the workers: a pump that was killed a moment ago still looks alive, and its message is locked."""
    for account_id in Pump.objects.values_list("account_id", flat=True):
        wake_if_work(account_id)


@takes(1)
def pump(account_id: int, window: float = WINDOW_SECONDS) -> str:
    """A django-q2 task. Returns why it ended: busy, held, idle, window or stop."""
    with process.doing(f"{PUMP}{account_id}"):
        ended = _through_outages(account_id, window)
        # Before this process may end.
        tallies.flush()
        _leave_hanging_threads()
    return ended


def _through_outages(account_id: int, window: float) -> str:
    """Begin anew when the database was away, as long as the window lasts; after that the watchdog sends for another pump."""
    end, told = time.monotonic() + window, False
    while True:
        try:
            return _one_pump(account_id, end - time.monotonic())
        except (OperationalError, InterfaceError):
            if time.monotonic() > end:
                raise
            if not told:
                logger.warning("account %s: the database did not answer", account_id, exc_info=True)
            told = True
            connection.close()
            time.sleep(RECONNECT_SECONDS)


def _one_pump(account_id: int, window: float) -> str:
    if stopping():
        return "stop"
    if not gate.is_open():
        return "held"
    with only_one(LOCK_CLASS, account_id, "pump") as mine:
        if not mine:
            return "busy"
        ended = _pump(account_id, min(window, SHARED_WINDOW_SECONDS) if _is_shared() else window)
    if ended == "window" or (ended == "stop" and has_work(account_id)):
        send(account_id)
    elif ended == "idle":
        # A job that was committed between the last turn and the end of the pump saw it alive and sent no message.
        wake_if_work(account_id)
    return ended


def _is_shared() -> bool:
    return Pump.objects.count() > int(Conf.WORKERS)


def _leave_hanging_threads() -> None:
    """A thread cannot be ended: the process goes, and django-q2 makes another in its place."""
    _crews[:] = [crew for crew in _crews if crew.busy]
    if any(crew.hangs() for crew in _crews):
        logger.error("a step of a job hangs in process %s: it makes room for another", os.getpid())
        raise TimeoutException("A step of a job hangs in this process; the job is tried again in another one.")


def wake_if_work(account_id: int) -> None:
    if has_work(account_id):
        send(account_id)


def _pump(account_id: int, window: float) -> str:
    with engine_scope():
        account = Account.objects.get(pk=account_id)
        guilty = takeover.take_over(account_id, process.name())
    turns, ended = Turns(account, stopping), ""
    _crews.append(turns.crew)
    try:
        with engine_scope():
            turns.begin()
        for lease in guilty:
            turns.give_up(lease)
        with events.listening():
            ended = turns.run(window)
        return ended
    finally:
        left = turns.crew.dismiss() + turns.taken + turns.pacing.unwritten
        if ended != "window":
            # This process may end now. After a window it lives on, and so do threads whose call takes its time.
            left += turns.crew.in_hand
        with engine_scope():
            leasing.release(left)
            Pump.objects.filter(account_id=account_id, process=process.name()).update(beat_at=None)


def end_stuck(account_id: int) -> None:
    """Jobs past their deadline end even where no pump can be made: without credentials, or with each step of theirs broken."""
    clock = DatabaseClock()
    with engine_scope():
        clock.synchronise()
        leases = leasing.past_deadline(account_id) + leasing.stuck(account_id)
    for lease in leases:
        write_down(lease, lambda job: moves.fail(job, holding.code_at_deadline(job, "deadline_passed"), clock()))
