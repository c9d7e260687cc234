"""The pump's threads: each takes a leased job, makes its one call, and says how it went."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from functools import wraps
from queue import Empty, SimpleQueue
from typing import Concatenate, ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection

from reports.aws.errors import AccountRefused, LimitReached, NoVerdict, Throttled, Unanswered
from reports.aws.quicksight import QuickSight
from reports.engine import leasing, moves
from reports.engine.collect import collect, finish
from reports.engine.leasing import Lease
from reports.engine.limiter import Gate
from reports.engine.look import Seen, look
from reports.engine.start import CheckedByAnother, Clock, start
from reports.models import SnapshotJob
from tenants import log_context, tracing
from tenants.scope import engine_scope

P = ParamSpec("P")
R = TypeVar("R")
logger = logging.getLogger(__name__)
ALONE_SECONDS = 5.0
RECONNECT_SECONDS = 1.0
# Much less than a lease: a thread that waits for the database is not one that hangs.
MOST_RECONNECTS = 60
Status = SnapshotJob.Status
# Of a step, by where it finds the job.
SPANS: dict[str, str] = {Status.STARTING: "job.start", Status.RUNNING: "job.look", Status.COLLECTING: "job.collect"}


class News(Enum):
    """What came of a step for the pump, which writes some of it down for many jobs at once (pacing.py)."""

    NONE = "nothing"
    STARTED = "started"
    NOT_YET = "it renders"  # nothing was written down: the job is still leased
    NO_SLOT = "no slot free"  # offered by an account that probes; nothing was written down either
    ENDED = "ended"


LEASED_STILL = frozenset({News.NOT_YET, News.NO_SLOT})


@dataclass(frozen=True)
class Report:
    """How a step went: QuickSight answered, throttled, or said nothing (`None`: it was not asked, or refused us).

    `refused` is AWS's word for a refusal that is the account's; `rendered_seconds` what an ended job took, where it was told.
    """

    lease: Lease
    answered: bool | None
    throttled: bool = False
    refused: str = ""
    news: News = News.NONE
    rendered_seconds: float | None = None


class Crew:
    def __init__(self, size: int, quicksight: QuickSight, clock: Clock, gate: Gate) -> None:
        self.size, self._gate = size, gate
        self._in_hand: list[tuple[Lease, float]] = []
        self._quicksight, self._clock = quicksight, clock
        self._todo: SimpleQueue[Lease | None] = SimpleQueue()
        self._reports: SimpleQueue[Report | None] = SimpleQueue()
        self._dismissed = threading.Event()
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

    def next_report(self, timeout: float) -> Report | None:
        """None: a step that goes on has freed a slot. Raises queue.Empty when nothing came in time."""
        report = self._reports.get(timeout=timeout)
        if report is None:
            return None
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
        return any(time.monotonic() - since > lease.seconds for lease, since in self._in_hand)

    def dismiss(self) -> list[Lease]:
        """Threads end with the step in hand, and nobody listens to them any more. The jobs that are leased by a report nobody took in."""
        self._dismissed.set()
        for _ in self._threads:
            self._todo.put(None)
        unheard = []
        with suppress(Empty):
            while True:
                report = self.next_report(0)
                if report and report.news in LEASED_STILL:
                    unheard.append(report.lease)
        return unheard

    def _work(self) -> None:
        try:
            while (lease := self._todo.get()) is not None:
                self._gate.give(lease.send_at)
                report = step(lease, self._quicksight, self._clock, freed=lambda: self._reports.put(None))
                self._reports.put(report)
                if self._dismissed.is_set() and report.news in LEASED_STILL:
                    _give_back(lease)
        finally:
            connection.close()


def _named_in_the_log(work: Callable[Concatenate[Lease, P], R]) -> Callable[Concatenate[Lease, P], R]:
    @wraps(work)
    def named(lease: Lease, *args: P.args, **kwargs: P.kwargs) -> R:
        with log_context.about(tenant=lease.tenant_id, job=lease.job_id):
            return work(lease, *args, **kwargs)

    return named


@_named_in_the_log
def step(lease: Lease, quicksight: QuickSight, clock: Clock, freed: Callable[[], None] = lambda: None) -> Report:
    """One job, one call, one move. Never raises: a fault of ours on one job must not stop the others.

    A look that brings the result goes on to collect; `freed` is called between the two, when its slot is free.
    """
    report, seen = _guarded(lease, lambda: _act(lease, quicksight, clock), clock)
    if seen is None:
        return report
    freed()
    collecting = replace(lease, status=Status.COLLECTING)
    collected, _none = _guarded(collecting, lambda: _finish(collecting, seen, quicksight, clock), clock)
    return replace(collected, lease=lease, news=report.news, rendered_seconds=report.rendered_seconds)


# With what a look saw, if it goes on to collect.
Outcome = tuple[Report, Seen | None]


def _act(lease: Lease, quicksight: QuickSight, clock: Clock) -> Outcome:
    if lease.status == Status.RUNNING:
        return _look(lease, quicksight, clock)
    if lease.status == Status.COLLECTING:
        asked = collect(lease.tenant_id, lease.job_id, quicksight, clock)
        return Report(lease, answered=asked or None, news=News.ENDED), None
    asked = start(lease.tenant_id, lease.job_id, quicksight, clock)
    return Report(lease, answered=asked or None, news=News.STARTED if asked else News.ENDED), None


def _look(lease: Lease, quicksight: QuickSight, clock: Clock) -> Outcome:
    seen = look(lease, quicksight, clock)
    if not seen.moved:
        # Somebody else may have moved it; then nothing is written down about this look.
        return Report(lease, answered=True, news=News.NOT_YET), None
    report = Report(lease, answered=True, news=News.ENDED, rendered_seconds=seen.rendered_seconds)
    return report, seen if seen.result else None


def _finish(lease: Lease, seen: Seen, quicksight: QuickSight, clock: Clock) -> Outcome:
    assert seen.opened
    assert seen.result
    finish(seen.opened, seen.result, quicksight, clock)
    return Report(lease, answered=True), None


def _guarded(lease: Lease, act: Callable[[], Outcome], clock: Clock) -> Outcome:
    facts = {"fanfold.tenant": str(lease.tenant_id), "fanfold.job": str(lease.job_id)}
    with tracing.span(SPANS[lease.status], facts, parent=lease.traceparent) as span:
        outcome = _through_faults(lease, act, clock)
        report, _seen = outcome
        span.end_as(_word_for(report), failed=report.answered is False or bool(report.refused))
    return outcome


def _word_for(report: Report) -> str:
    if report.refused or report.throttled:
        return report.refused or "throttled"
    return "no_answer" if report.answered is False else report.news.name.lower()


def _through_faults(lease: Lease, act: Callable[[], Outcome], clock: Clock) -> Outcome:
    outcome: Outcome
    try:
        outcome = act()
    except LimitReached as error:
        # Where one job more than fits is offered on purpose, the pump decides; else it is a verdict like any other that did not come.
        is_offer = lease.probes and lease.status == Status.STARTING
        outcome = (Report(lease, True, news=News.NO_SLOT) if is_offer else _postponed(lease, error, clock)), None
    except NoVerdict as error:
        outcome = _postponed(lease, error, clock), None
    except CheckedByAnother:
        _give_back(lease)
        return Report(lease, answered=None), None
    except (OperationalError, InterfaceError):
        _without_database(lease)
        _give_back(lease)
        return Report(lease, answered=None), None
    except Exception:
        logger.exception("job %s failed in our own code", lease.job_id)
        if not write_down(lease, lambda job: moves.note_crash(job, clock())):
            _give_back(lease)
        return Report(lease, answered=None), None
    if lease.crashes:
        _absolve(lease)
    return outcome


def _postponed(lease: Lease, error: NoVerdict, clock: Clock) -> Report:
    logger.info("job %s: no verdict, %s", lease.job_id, error.code)
    if not postpone(lease, error, clock):
        _give_back(lease)
    return _without_verdict(lease, error)


def postpone(lease: Lease, error: NoVerdict, clock: Clock) -> bool:
    return write_down(lease, lambda job: moves.postpone(job, error, clock()))


def _without_verdict(lease: Lease, error: NoVerdict) -> Report:
    if isinstance(error, AccountRefused):
        return Report(lease, answered=None, refused=error.code)
    return Report(lease, answered=not isinstance(error, Unanswered), throttled=isinstance(error, Throttled))


def _give_back(lease: Lease) -> None:
    """The step was not done. By its own thread: the pump may have ended meanwhile, and who waits out a lease is blamed for it."""
    for _ in range(MOST_RECONNECTS):
        try:
            with engine_scope():
                leasing.release([lease])
            return
        except (OperationalError, InterfaceError):
            connection.close()
            time.sleep(RECONNECT_SECONDS)


def _absolve(lease: Lease) -> None:
    try:
        with engine_scope():
            leasing.absolve(lease.job_id)
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
