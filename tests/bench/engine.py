"""How full the engine keeps QuickSight's slots, what it asks for that, and how soon a finished report is known.

`manage.py worker` with django-q2, boto3 and PostgreSQL as in production; only AWS is pretended, on the same machine. Run by `make bench`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass

import pytest
from pytest_django import DjangoDbBlocker

from tests import factories
from tests.bench import older_design, running, trace
from tests.bench.figures import FULL, RUNS, show
from tests.bench.page import MAKESPAN
from tests.bench.running import Customers, Run
from tests.bench.trace import Traced
from tests.bench.workload import Planned, lognormal
from tests.bench.world import FOLDER, side_by_side, world
from tests.pretend_aws import ACCOUNT, REGION

SLOTS, ANSWER_SECONDS = 12, 0.15


# Measured on nothing: how long S3, EventBridge and SQS take together is a guess, and so is that one in a hundred does not come.
EVENTS_COME = {"events": "eventbridge", "event_delay": 1.2, "event_spread": 0.5, "event_share": 0.99}


@dataclass(frozen=True)
class Mode:
    words: str
    probes: bool = False
    events: bool = False


@dataclass(frozen=True)
class Load:
    words: str
    jobs: int
    mean: float
    requests_per_second: int
    # Runs side by side, so that all take less than an hour: together some 16 calls a second, half a core with all they are made to.
    at_once: int

    def planned(self, number: int) -> list[Planned]:
        return lognormal(self.jobs, self.mean, seed=number)


@dataclass(frozen=True)
class Work:
    load: Load
    mode: Mode
    number: int

    @property
    def name(self) -> str:
        return re.sub(r"\W+", "_", f"{self.mode.words}_{self.load.jobs}_{self.number}")


POLLING, PROBING, EVENTS = Mode("polling"), Mode("polling with probing", probes=True), Mode("events", events=True)
SHORT = Load("120 jobs of 12 s, 21 requests/s", 120, 12, 21, at_once=3)
LONG = Load("300 jobs of 25 s, 10 requests/s", 300, 25, 10, at_once=5)


def test_short_jobs(django_db_blocker: DjangoDbBlocker):
    runs = measure(SHORT, [POLLING], django_db_blocker)

    show_engine(SHORT, POLLING, runs[POLLING], makespan=1.10, calls=10)
    show_older_design(SHORT)


@pytest.mark.skipif(not FULL, reason="takes half an hour: make bench FULL=1")
def test_long_jobs(django_db_blocker: DjangoDbBlocker):
    runs = measure(LONG, [POLLING, PROBING, EVENTS], django_db_blocker)

    show_engine(LONG, POLLING, runs[POLLING], makespan=1.08, calls=10)
    show_engine(LONG, PROBING, runs[PROBING], makespan=1.04, calls=8)
    show_engine(LONG, EVENTS, runs[EVENTS], makespan=1.06, calls=3)
    show_older_design(LONG)


def measure(load: Load, modes: list[Mode], blocker: DjangoDbBlocker) -> dict[Mode, list[Run]]:
    works = [Work(load, mode, number) for number in range(RUNS) for mode in modes]
    runs = side_by_side(_measure, works, load.at_once, blocker)
    for work, run in zip(works, runs, strict=True):
        trace.write(run.trace, FOLDER / work.name / "trace.jsonl")
        _compare_with_the_simulator(work, run.trace)
    return {mode: [run for work, run in zip(works, runs, strict=True) if work.mode == mode] for mode in modes}


def _measure(work: Work) -> Run:
    load, planned = work.load, work.load.planned(work.number)
    options = {"slots": SLOTS, "requests_per_second": load.requests_per_second, "answer_seconds": ANSWER_SECONDS}
    with world(work.name, **options, **(EVENTS_COME if work.mode.events else {})) as whole:
        account = factories.make_account(
            aws_account_id=ACCOUNT, region=REGION, slots=SLOTS, requests_per_second=load.requests_per_second, probes=work.mode.probes
        )
        running.warm_up(account, whole)
        limit = 60 + 4 * sum(job.seconds for job in planned) / SLOTS
        return running.run(planned, Customers(account), whole, work.name, limit)


def show_engine(load: Load, mode: Mode, runs: list[Run], *, makespan: float, calls: float) -> None:
    told, traces = f"{load.words}, {mode.words}: ", [run.trace for run in runs]
    show(told + MAKESPAN, [trace.makespan(one) / trace.list_schedule(one, SLOTS) for one in traces], makespan, unit="")
    show(told + "slots in use while jobs wait", [trace.use_while_waiting(one, SLOTS) for one in traces], unit="%")
    show(told + "calls for each job", [run.snapshot_calls / len(run.trace) for run in runs], calls, unit="")
    show(told + "calls for each job that check its report", [run.preflight_calls / len(run.trace) for run in runs], unit="")
    for share, most in ((0.50, 0.08), (0.95, 0.20)):
        # Promised for polling; probing and events spend fewer looks.
        target = most if mode == POLLING else None
        name = f"ended until completed, p{100 * share:.0f}, of a job's mean duration"
        show(told + name, [_delay(one, share) for one in traces], target, unit="%")
    show(told + "engine's processor time for each AWS call", [1000 * run.cpu / run.all_calls for run in runs], 5, unit="ms")
    quicksight = [1000 * run.cpu / sum(run.counts["calls"].values()) for run in runs]
    show(told + "the same, S3's calls not counted", quicksight, unit="ms")
    show(told + "engine's processor time in a second with nothing to do", [1000 * run.idle for run in runs], unit="ms")
    for name, counted in wrong(mode, runs).items():
        show(told + name, counted, None if mode.probes and name == "refused" else 0, unit="")


def _delay(one: list[Traced], share: float) -> float:
    return trace.percentile([job.delay for job in one], share) / trace.mean([job.seconds for job in one])


def wrong(mode: Mode, runs: list[Run]) -> dict[str, list[int]]:
    return {
        "above the slots": [max(0, max(run.counts["peak_unfinished"], trace.most_at_once(run.trace)) - SLOTS) for run in runs],
        "refused": [run.counts["refused_by_limit"] for run in runs],
        "throttled": [run.counts["throttled"] for run in runs],
        "lost": [run.lost for run in runs],
        "started twice": [run.twice for run in runs],
        "slots leaked": [run.leaked for run in runs],
    }


def show_older_design(load: Load) -> None:
    planned = [[job.seconds for job in load.planned(number)] for number in range(RUNS)]
    ideal = [trace.without_delay([(0.0, length) for length in lengths], SLOTS) for lengths in planned]
    for at_once in (older_design.AT_ONCE, SLOTS):
        took = [older_design.makespan(lengths, at_once) for lengths in planned]
        told = f"{load.words}, the older design, {at_once} at once, computed: "
        show(told + MAKESPAN, [one / best for one, best in zip(took, ideal, strict=True)], unit="")


def _compare_with_the_simulator(work: Work, one: list[Traced]) -> None:
    """Where SIM_ENGINE names a program that scores traces: it has to agree."""
    if program := os.environ.get("SIM_ENGINE"):
        command = [sys.executable, program, "score", str(FOLDER / work.name / "trace.jsonl"), "--c", str(SLOTS)]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert json.loads(told)["ratio_list"] == pytest.approx(trace.makespan(one) / trace.list_schedule(one, SLOTS)), told
