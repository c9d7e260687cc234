"""The pump's threads: each takes a leased job, makes its one call, and says how it went."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from queue import SimpleQueue
from typing import Concatenate, ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection

from reports.aws.errors import NoVerdict, Throttled, Unanswered
from reports.aws.quicksight import QuickSight
from reports.engine import moves
from reports.engine.claim import Lease
from reports.engine.collect import collect
from reports.engine.look import look
from reports.engine.start import Clock, start
from reports.models import SnapshotJob
from tenants import log_context

P = ParamSpec("P")
R = TypeVar("R")
logger = logging.getLogger(__name__)
STEPS = {SnapshotJob.Status.STARTING: start, SnapshotJob.Status.RUNNING: look, SnapshotJob.Status.COLLECTING: collect}


@dataclass(frozen=True)
class Report:
    """How a step went: QuickSight answered, throttled, or said nothing (`None`: it was not asked)."""

    lease: Lease
    answered: bool | None
    throttled: bool = False


class Crew:
    def __init__(self, size: int, quicksight: QuickSight, clock: Clock) -> None:
        self.size, self.busy = size, 0
        self._quicksight, self._clock = quicksight, clock
        self._todo: SimpleQueue[Lease | None] = SimpleQueue()
        self.reports: SimpleQueue[Report] = SimpleQueue()
        self._threads = [threading.Thread(target=self._work, daemon=True, name=f"pump-{number}") for number in range(size)]
        for thread in self._threads:
            thread.start()

    def give(self, lease: Lease) -> None:
        self.busy += 1
        self._todo.put(lease)

    def dismiss(self) -> None:
        for _ in self._threads:
            self._todo.put(None)

    def _work(self) -> None:
        try:
            while (lease := self._todo.get()) is not None:
                self.reports.put(step(lease, self._quicksight, self._clock))
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
        return Report(lease, answered=True if asked else None)
    except NoVerdict as error:
        logger.info("job %s: no verdict, %s", lease.job_id, error.code)
        silent = error
        write_down(lease, lambda job: moves.postpone(job, silent, clock()))
        return Report(lease, answered=not isinstance(error, Unanswered), throttled=isinstance(error, Throttled))
    except (OperationalError, InterfaceError):
        _without_database(lease)
    except Exception:
        logger.exception("job %s failed in our own code", lease.job_id)
        write_down(lease, lambda job: moves.note_crash(job, clock()))
    return Report(lease, answered=None)


@_named_in_the_log
def write_down(lease: Lease, act: Callable[[SnapshotJob], object]) -> None:
    """A thread that dies here would take a place of the crew with it, so nothing gets out."""
    try:
        moves.move(lease.tenant_id, lease.job_id, lease.status, act)
    except (OperationalError, InterfaceError):
        _without_database(lease)
    except Exception:
        logger.exception("job %s: what happened to it could not be written down", lease.job_id)


def _without_database(lease: Lease) -> None:
    """The lease ends by itself, and the step is repeated."""
    logger.warning("job %s: the database did not answer", lease.job_id, exc_info=True)
    connection.close()
