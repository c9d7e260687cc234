"""What became of each job of a run, and what follows from it. All times are seconds of the same clock."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Traced:
    """`started_at` and `finished_at` are the pretend AWS's, `detected_at` is when the portal's row said completed. `calls` are those of
    snapshots, refused starts included: a check of a report is no single job's."""

    queued_at: float
    started_at: float
    finished_at: float
    detected_at: float
    calls: int
    tenant: str

    @property
    def seconds(self) -> float:
        return self.finished_at - self.started_at

    @property
    def delay(self) -> float:
        return self.detected_at - self.finished_at

    @property
    def wait(self) -> float:
        return self.started_at - self.queued_at


def write(trace: Iterable[Traced], path: Path) -> None:
    """A JSON object a line."""
    path.write_text("".join(json.dumps(asdict(job)) + "\n" for job in trace))


def read(path: Path) -> list[Traced]:
    return [Traced(**json.loads(line)) for line in path.read_text().splitlines()]


def makespan(trace: Sequence[Traced]) -> float:
    """From the first wish to the last end at the service."""
    return max(job.finished_at for job in trace) - min(job.queued_at for job in trace)


def list_schedule(trace: Sequence[Traced], slots: int) -> float:
    """The makespan of the same jobs in the order of their wishes, those of one moment in the order of their starts."""
    ordered = sorted(trace, key=lambda job: (job.queued_at, job.started_at))
    return without_delay([(job.queued_at, job.seconds) for job in ordered], slots)


def without_delay(jobs: Iterable[tuple[float, float]], slots: int) -> float:
    """The makespan of (queued at, seconds) in this order, if each began the moment that it was wanted and a slot was free."""
    jobs = list(jobs)
    free = [0.0] * slots
    for queued_at, seconds in jobs:
        heapq.heapreplace(free, max(free[0], queued_at) + seconds)
    return max(free) - min(queued_at for queued_at, _ in jobs)


def use_while_waiting(trace: Sequence[Traced], slots: int) -> float:
    """The share of the slots' time that jobs used, until the last one was started: after that nothing is there to fill them with."""
    began, until = min(job.queued_at for job in trace), max(job.started_at for job in trace)
    return sum(min(job.finished_at, until) - job.started_at for job in trace) / (slots * (until - began))


def most_at_once(trace: Iterable[Traced]) -> int:
    changes = sorted([(job.started_at, 1) for job in trace] + [(job.finished_at, -1) for job in trace])
    running = most = 0
    for _, change in changes:
        running += change
        most = max(most, running)
    return most


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def percentile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
