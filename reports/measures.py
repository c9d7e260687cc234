"""What /metrics tells: every name, its kind, its labels and what it means, in one place. No label ever holds a tenant's content.

State is looked up by the worker (reports/figures.py), what happened is counted where it happens (reports/tallies.py), and how long pages
take each web process knows for itself (portal/page_times.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

PREFIX = "fanfold_"


class Kind(Enum):
    """As Prometheus calls them."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True)
class Measure:
    """`name` without our prefix; a counter's without `_total`, which Prometheus sees behind it. `buckets`: upper ends, in seconds."""

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def family(self) -> str:
        return PREFIX + self.name

    @property
    def exposed(self) -> tuple[str, ...]:
        """The names of its series in Prometheus."""
        endings = {Kind.GAUGE: ("",), Kind.COUNTER: ("_total",), Kind.HISTOGRAM: ("_bucket", "_count", "_sum")}
        return tuple(self.family + ending for ending in endings[self.kind])


def _gauge(name: str, meaning: str, *labels: str) -> Measure:
    return Measure(name, Kind.GAUGE, meaning, labels)


def _counter(name: str, meaning: str, *labels: str) -> Measure:
    return Measure(name, Kind.COUNTER, meaning, labels)


# What goes out and is no delivery of files; the other channels are `Delivery.Channel`.
NOTICE, WEBHOOK = "notice", "webhook"

# State, as the worker saw it last.
STATE = (
    _gauge("queue_jobs", "Jobs in line for a slot.", "account", "lane"),
    _gauge(
        "queue_oldest_seconds", "How long the job waits that waits longest, its back-off not counted; 0: none waits.", "account", "lane"
    ),
    _gauge("queue_held_jobs", "Jobs outside the line: paused, in their back-off, or not let in yet. Counted up to 1000.", "account"),
    _gauge(
        "queue_startable_jobs", "Jobs in line that would start if a slot were free: no pause and no tenant's limit stops them.", "account"
    ),
    _gauge("slots_limit", "Jobs that may run at once.", "account"),
    _gauge("slots_in_use", "Slots that a job holds.", "account"),
    _gauge("slots_resting", "Free slots that wait until QuickSight has surely ended what we gave up on.", "account"),
    _gauge("slots_spare_in_use", "Jobs offered above the limit, where an account probes.", "account"),
    _gauge("account_held", "1: nothing starts in the account, for this reason: unanswered, refused or paused.", "account", "reason"),
    _gauge("pump_age_seconds", "Since the last beat of the account's pump; missing where none has anything to do.", "account"),
    _gauge("heartbeat_age_seconds", "Since a task last went through the queue's workers; missing: never.", "cluster"),
    _gauge("worker_processes", "Processes that live, of all hosts.", "cluster"),
    _gauge("stand_up", "1: somebody does this work just now.", "stand"),
    _gauge("deliveries_waiting", "Messages that wait for their next try, counted up to 50000.", "channel"),
    _gauge("deliveries_oldest_seconds", "How long the message is overdue that is due longest; 0: none is.", "channel"),
    _gauge("schedule_late_seconds", "How long the schedule is overdue that is due longest; 0: none is."),
    _gauge("alarms_open", "Alarms that last.", "code"),
    _gauge("restored_mode", "1: this database is a backup, and nothing runs."),
)
# These go on growing while nobody looks.
AGES = frozenset({"pump_age_seconds", "heartbeat_age_seconds"})

# Counted where it happens. Their account is stored by its number, and told by its name.
MINUTE, HOUR = 60.0, 3600.0
LATENESS = (MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR)
WAITS = (1.0, 5.0, 15.0, 30.0, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR)
MOMENTS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE)

CALLS = _counter("quicksight_calls", "Calls of QuickSight, by what came of them.", "account", "operation", "outcome")
ATTEMPTS = _counter("attempts_ended", "Attempts that ended: completed, or the code of the failure.", "account", "outcome")
JOBS = _counter("jobs_ended", "Jobs that ended. `cause` is the code of a failure.", "account", "status", "cause")
DELIVERIES = _counter("deliveries_ended", "Messages that were sent or given up.", "channel", "status")
LATE = Measure("occurrence_lateness_seconds", Kind.HISTOGRAM, "From a run's planned instant to its end.", ("status",), LATENESS)
WAIT = Measure("job_wait_seconds", Kind.HISTOGRAM, "From a job's request until QuickSight took it first.", ("account", "lane"), WAITS)
COLLECT = Measure(
    "job_collect_seconds", Kind.HISTOGRAM, "From a snapshot's end in QuickSight until its files were checked.", ("account",), MOMENTS
)
COUNTED = (CALLS, ATTEMPTS, JOBS, DELIVERIES, LATE, WAIT, COLLECT)

# Of the web process that answers.
FIGURES_AGE = _gauge("figures_age_seconds", "Since the worker last looked; all gauges above are so old. Missing: it never did.")
DATABASE = _gauge("database_up", "1: the database answered; else only figures of pages are told.")
PAGE_ENDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
PAGES = Measure(
    "page_seconds", Kind.HISTOGRAM, "From a request until its answer, by the address's name.", ("route", "method", "status"), PAGE_ENDS
)
OF_WEB = (FIGURES_AGE, DATABASE, PAGES)

ALL = (*STATE, *COUNTED, *OF_WEB)
