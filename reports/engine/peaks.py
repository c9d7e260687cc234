"""When planned jobs will be done, and what more slots would change: an account's slots played through on paper. Times in epoch seconds.

Whose turn it is makes no difference to when all are done, so jobs of one instant start in any order.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heapreplace
from statistics import fmean

from reports.engine.limiter import SHARE
from reports.engine.pace import Expected

# A slot is filled anew when its job is seen to have ended and the next one was started; docs/benchmarks.md has what that costs, and what
# a job costs of the account's requests.
LOST_BETWEEN_JOBS = 0.07
CALLS, CALLS_WITH_EVENTS = 8.6, 3.3
# Whoever waits so long stands in a peak.
WAIT_SECONDS = 60.0
# Of the played-through runs, whose jobs take each another time. So many jobs even each other out in one.
RUNS, JOBS_FOR_ONE_RUN = 9, 20_000


@dataclass(frozen=True)
class Planned:
    """A job to come. `promised`: when its schedule said that it is ready by; None: nothing was said."""

    due: float
    expected: Expected
    promised: float | None = None


@dataclass(frozen=True)
class Peak:
    """Planned instants that keep a line waiting from the first to the last of them. `ready`: when the last of its jobs is done."""

    first: float
    last: float
    jobs: int
    ready: float
    longest_wait: float
    late: int


@dataclass(frozen=True)
class Played:
    """One job as it went."""

    job: Planned
    started: float
    ended: float


def usable_slots(slots: int, requests_per_second: float, mean_seconds: float, calls: float) -> int:
    """Those that the account's requests are enough to keep full."""
    return max(1, min(slots, int(SHARE * requests_per_second * mean_seconds / calls)))


def peaks(jobs: Sequence[Planned], slots: int) -> list[Peak]:
    """Those in which somebody waits for a minute or more, in their order."""
    runs = [_groups(list(_play(jobs, slots, chance))) for chance in _chances(len(jobs))]
    # Where one peak ends and the next one begins is told by a run in which each job takes its mean time.
    return [_peak(group, runs) for group in _groups(list(_play(jobs, slots, None))) if _longest_wait(group) >= WAIT_SECONDS]


def most_at_once(jobs: Sequence[Planned], slots: int) -> int:
    changes = sorted(change for one in _play(jobs, slots, None) for change in ((one.started, 1), (one.ended, -1)))
    running = most = 0
    for _at, change in changes:
        running += change
        most = max(most, running)
    return most


def _chances(jobs: int) -> list[random.Random]:
    return [random.Random(seed) for seed in range(1 if jobs > JOBS_FOR_ONE_RUN else RUNS)]


def _play(jobs: Sequence[Planned], slots: int, chance: random.Random | None) -> Iterator[Played]:
    free = [float("-inf")] * slots
    order = sorted(jobs, key=lambda job: (job.due, chance.random() if chance else 0.0))
    for job in order:
        started = max(job.due, free[0])
        seconds = chance.lognormvariate(job.expected.log_mean, job.expected.log_deviation) if chance else job.expected.mean
        ended = started + seconds * (1 + LOST_BETWEEN_JOBS)
        heapreplace(free, ended)
        yield Played(job, started, ended)


def _groups(played: list[Played]) -> list[list[Played]]:
    """A new one begins with a job that finds nobody waiting."""
    groups: list[list[Played]] = []
    last_start = float("-inf")
    for one in played:
        if one.job.due > last_start:
            groups.append([])
        groups[-1].append(one)
        last_start = max(last_start, one.started)
    return groups


def _longest_wait(group: list[Played]) -> float:
    return max(one.started - one.job.due for one in group)


def _peak(group: list[Played], runs: list[list[list[Played]]]) -> Peak:
    first, last = group[0].job.due, group[-1].job.due
    seen = [[one for part in run for one in part if first <= one.job.due <= last] for run in runs]
    return Peak(
        first,
        last,
        len(group),
        ready=fmean(max(one.ended for one in run) for run in seen),
        longest_wait=fmean(_longest_wait(run) for run in seen),
        late=round(fmean(sum(one.job.promised is not None and one.ended > one.job.promised for one in run) for run in seen)),
    )


def times_as_many(jobs: Sequence[Planned], factor: float) -> list[Planned]:
    """At the same instants."""
    return [job for number, job in enumerate(jobs) for _ in range(int((number + 1) * factor) - int(number * factor))]
