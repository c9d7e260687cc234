"""The pump's threads: each takes a leased job, makes its one call, and says how it went."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from queue import Empty, SimpleQueue
from typing import Concatenate, ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection

from reports.aws.errors import AccountRefused, NoVerdict, Throttled, Unanswered
from reports.aws.quicksight import QuickSight
from reports.engine import claim, moves
from reports.engine.claim import Lease
from reports.engine.collect import collect
from reports.engine.look import look
from reports.engine.start import CheckedByAnother, Clock, start
from reports.models import SnapshotJob
from tenants import log_context
from tenants.scope import engine_scope

P = ParamSpec("P")
R = TypeVar("R")
logger = logging.getLogger(__name__)
ALONE_SECONDS = 5.0
RECONNECT_SECONDS = 1.0
# Much less than a lease: a thread that waits for the database is not one that hangs.
MOST_RECONNECTS = 60
STEPS = {SnapshotJob.Status.STARTING: start, SnapshotJob.Status.RUNNING: look, SnapshotJob.Status.COLLECTING: collect}


@dataclass(frozen=True)
class Report:
    """How a step went: QuickSight answered, throttled, or said nothing (`None`: it was not asked, or refused us).

    `refused` is AWS's word for a refusal that is the account's.
    """

    lease: Lease
    answered: bool | None
    throttled: bool = False
    refused: str = ""


class Crew:
    def __init__(self, size: int, quicksight: QuickSight, clock: Clock) -> None:
        self.size = size
        self._in_hand: list[tuple[Lease, float]] = []
        self._quicksight, self._clock = quicksight, clock
        self._todo: SimpleQueue[Lease | None] = SimpleQueue()
        self._reports: SimpleQueue[Report] = SimpleQueue()
        self._threads = [threading.Thread(target=self._work, daemon=True, name=f"pump-{number}") for number in range(size)]
        for thread in self._threads:
            thread.start()

    @property
    def busy(self) -> int:
        return len(self._in_hand)

    @property
    def in_hand(self) -> list[Lease]:
        return [lease for lease, _ in self._in_hand]

    def give(self, lease: Lease) -> None:
        self._in_hand.append((lease, time.monotonic()))
        self._todo.put(lease)

    def next_report(self, timeout: float) -> Report:
        """Raises queue.Empty when none came in time."""
        report = self._reports.get(timeout=timeout)
        self._in_hand = [held for held in self._in_hand if held[0] is not report.lease]
        return report

    def tries_a_suspect(self) -> bool:
        """Nobody works beside it for its first moments, so that the next death tells more. One that hangs must not keep all others."""
        return any(lease.crashes and time.monotonic() - since < ALONE_SECONDS for lease, since in self._in_hand)

    def hangs(self) -> bool:
        """Whether a thread works longer than any step may. It cannot be ended, but its process can."""
        with suppress(Empty):
            while True:
                self.next_report(0)
        return any(time.monotonic() - since > claim.lease_seconds(lease.status) for lease, since in self._in_hand)

    def dismiss(self) -> None:
        for _ in self._threads:
            self._todo.put(None)

    def _work(self) -> None:
        try:
            while (lease := self._todo.get()) is not None:
                self._reports.put(step(lease, self._quicksight, self._clock))
        finally:
            connection.close()


def _named_in_the_log(work: Callable[Concatenate[Lease, P], R]) -> Callable[Concatenate[Lease, P], R]:
    @wraps(work)
    def named(lease: Lease, *args: P.args, **kwargs: P.kwargs) -> R:
        with log_context.about(tenant=lease.tenant_id, job=lease.job_id):
            return work(lease, *args, **kwargs)

    return named


@_named_in_the_log
def step(lease: Lease, quicksight: QuickSight, clock: Clock) -> Report:
    """One job, one call, one move. Never raises: a fault of ours on one job must not stop the others."""
    act: Callable[..., bool] = STEPS[SnapshotJob.Status(lease.status)]
    try:
        asked = act(lease.tenant_id, lease.job_id, quicksight, clock)
        report = Report(lease, answered=True if asked else None)
    except NoVerdict as error:
        logger.info("job %s: no verdict, %s", lease.job_id, error.code)
        silent = error
        if not write_down(lease, lambda job: moves.postpone(job, silent, clock())):
            _give_back(lease)
        report = _without_verdict(lease, error)
    except CheckedByAnother:
        _give_back(lease)
        return Report(lease, answered=None)
    except (OperationalError, InterfaceError):
        _without_database(lease)
        _give_back(lease)
        return Report(lease, answered=None)
    except Exception:
        logger.exception("job %s failed in our own code", lease.job_id)
        if not write_down(lease, lambda job: moves.note_crash(job, clock())):
            _give_back(lease)
        return Report(lease, answered=None)
    if lease.crashes:
        _absolve(lease)
    return report


def _without_verdict(lease: Lease, error: NoVerdict) -> Report:
    if isinstance(error, AccountRefused):
        return Report(lease, answered=None, refused=error.code)
    return Report(lease, answered=not isinstance(error, Unanswered), throttled=isinstance(error, Throttled))


def _give_back(lease: Lease) -> None:
    """The step was not done. By its own thread: the pump may have ended meanwhile, and who waits out a lease is blamed for it."""
    for _ in range(MOST_RECONNECTS):
        try:
            with engine_scope():
                claim.release([lease])
            return
        except (OperationalError, InterfaceError):
            connection.close()
            time.sleep(RECONNECT_SECONDS)


def _absolve(lease: Lease) -> None:
    try:
        with engine_scope():
            claim.absolve(lease.job_id)
    except (OperationalError, InterfaceError):
        _without_database(lease)


@_named_in_the_log
def write_down(lease: Lease, act: Callable[[SnapshotJob], object]) -> bool:
    """False: the database did not answer. A thread that dies here would take a place of the crew with it, so nothing gets out."""
    try:
        moves.move(lease.tenant_id, lease.job_id, lease.status, act)
    except (OperationalError, InterfaceError):
        _without_database(lease)
        return False
    except Exception:
        logger.exception("job %s: what happened to it could not be written down", lease.job_id)
    return True


def _without_database(lease: Lease) -> None:
    """Not the job's fault."""
    logger.warning("job %s: the database did not answer", lease.job_id, exc_info=True)
    connection.close()
