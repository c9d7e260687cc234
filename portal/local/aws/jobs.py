"""Snapshot jobs: their states by the clock, the slot limit, and the counts tests ask for."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Protocol

from portal.local.aws.clock import Clock
from portal.local.aws.errors import Refusal
from portal.local.aws.faults import JobFault
from portal.local.aws.switches import Switches

QUEUED, RUNNING, COMPLETED, FAILED = "QUEUED", "RUNNING", "COMPLETED", "FAILED"
ID_TAKEN_SECONDS = 24 * 3600  # after the job's end

Key = tuple[str, str]  # dashboard id, snapshot job id: ids are unique per dashboard


@dataclass
class Job:
    account: str
    region: str
    request: dict[str, Any]
    created: float
    runs_at: float
    ends_at: float
    fault: JobFault | None = None
    held: bool = False
    drawn_at: float | None = None  # files are in their bucket, or `error` says why not
    ended_at: float | None = None
    error: dict[str, str] | None = None
    groups: list[dict[str, Any]] = field(default_factory=list)

    @property
    def id(self) -> str:
        return str(self.request["SnapshotJobId"])

    @property
    def dashboard_id(self) -> str:
        return str(self.request["DashboardId"])

    @property
    def arn(self) -> str:
        dashboard = f"arn:aws:quicksight:{self.region}:{self.account}:dashboard/{self.dashboard_id}"
        return f"{dashboard}/snapshot-job/{self.id}"

    @property
    def tags(self) -> dict[str, str]:
        users = self.request.get("UserConfiguration", {}).get("AnonymousUsers", [])
        return {tag["Key"]: tag["Value"] for user in users for tag in user.get("RowLevelPermissionTags", [])}

    def advance(self, now: float) -> None:
        """End the job once its time is over and its files are readable; the end never changes."""
        if self.ended_at is None and not self.held and self.drawn_at is not None and now >= self.ends_at:
            self.ended_at = max(self.ends_at, self.drawn_at)

    def status(self, now: float) -> str:
        if self.ended_at is not None:
            return FAILED if self.error else COMPLETED
        return QUEUED if now < self.runs_at else RUNNING

    def updated(self, now: float) -> float:
        if self.ended_at is not None:
            return self.ended_at
        return self.created if now < self.runs_at else self.runs_at


@dataclass
class Counts:
    accepted: Counter[str] = field(default_factory=Counter)  # by snapshot job id
    start_calls: int = 0
    peak_unfinished: int = 0
    refused_by_limit: int = 0
    calls: Counter[str] = field(default_factory=Counter)  # by operation, throttled ones left out
    calls_of_job: Counter[str] = field(default_factory=Counter)  # by snapshot job id; a refused start is one too
    other_calls: Counter[str] = field(default_factory=Counter)  # by service: what was asked of S3, SQS and the rest


class Record(Protocol):
    """Where jobs are kept between two runs."""

    def save(self, job: Job) -> None: ...
    def forget(self, job: Job) -> None: ...
    def clear(self) -> None: ...


class Jobs:
    """The account's register; every change happens under one lock."""

    def __init__(self, record: Record, clock: Clock, switches: Switches) -> None:
        self._record, self._switches = record, switches
        self._lock = threading.RLock()
        self._clock = clock
        self._jobs: dict[Key, Job] = {}
        self._unfinished: dict[Key, Job] = {}
        self.counts = Counts()

    def now(self) -> float:
        return self._clock.now()

    def add(self, job: Job) -> None:
        key, slots = (job.dashboard_id, job.id), self._switches.slots
        with self._lock:
            self._advance()
            if key in self._jobs and not self._ended_since(self._jobs[key], ID_TAKEN_SECONDS):
                raise Refusal("ResourceExistsException", f"Snapshot job {job.id} already exists on this dashboard.")
            if sum(self._counts_with(job, other) for other in self._unfinished.values()) >= slots:
                self.counts.refused_by_limit += 1
                raise Refusal("LimitExceededException", f"{slots} snapshot jobs are running; no more can be started.")
            self._jobs[key] = self._unfinished[key] = job
            self._record.save(job)
            self.counts.accepted[job.id] += 1
            self.counts.peak_unfinished = max(self.counts.peak_unfinished, len(self._unfinished))

    def count(self, operation: str, job_id: str = "") -> None:
        """A call that was let in; calls come from many threads."""
        with self._lock:
            self.counts.calls[operation] += 1
            if job_id:
                self.counts.calls_of_job[job_id] += 1

    def count_start(self, job_id: str) -> None:
        """Its id stands in the body, which `count` does not see."""
        with self._lock:
            self.counts.start_calls += 1
            self.counts.calls_of_job[job_id] += 1

    def count_other(self, service: str) -> None:
        with self._lock:
            self.counts.other_calls[service] += 1

    def meet(self, job: Job, fault: JobFault | None) -> None:
        """What was asked for the next accepted job happens to this one."""
        if fault:
            with self._lock:
                job.fault, job.held = fault, fault.kind == "stuck"
                self._record.save(job)

    def restore(self, job: Job) -> None:
        """Take over a job of an earlier run; it counts as unfinished until its end is due."""
        with self._lock:
            key = (job.dashboard_id, job.id)
            self._jobs[key] = self._unfinished[key] = job

    def get(self, dashboard_id: str, job_id: str) -> Job:
        with self._lock:
            self._advance()
            job = self._jobs.get((dashboard_id, job_id))
        if job is None or self._is_forgotten(job):
            raise Refusal("ResourceNotFoundException", f"Snapshot job {job_id} was not found.")
        return job

    def find(self, job_id: str) -> Job:
        """By id alone, for the control endpoint: the first on any dashboard."""
        with self._lock:
            self._advance()
            for job in self._jobs.values():
                if job.id == job_id:
                    return job
        raise LookupError(f"There is no job {job_id!r}.")

    def all(self) -> list[Job]:
        with self._lock:
            self._advance()
            return list(self._jobs.values())

    def drawn(self, job: Job, groups: list[dict[str, Any]], error: dict[str, str] | None) -> None:
        with self._lock:
            if job.ended_at is not None:
                return
            job.groups, job.drawn_at = groups, self._clock.now()
            job.error = job.error or error
            if (job.dashboard_id, job.id) in self._jobs:  # else a reset came in between
                self._record.save(job)

    def end_of(self, job: Job) -> float | None:
        """When it ended; None: it goes on."""
        with self._lock:
            job.advance(self._clock.now())
            return job.ended_at

    def finish(self, job: Job) -> None:
        """Let the job end as soon as its files are there."""
        with self._lock:
            job.held = False
            job.runs_at, job.ends_at = min(job.runs_at, self._clock.now()), min(job.ends_at, self._clock.now())
            self._record.save(job)

    def fail(self, job: Job, error_type: str, message: str) -> None:
        with self._lock:
            if job.ended_at is None:
                job.error = {"ErrorType": error_type, "ErrorMessage": message}
                job.drawn_at = job.drawn_at or self._clock.now()
                self.finish(job)

    def hold(self, job: Job) -> None:
        with self._lock:
            job.held = True
            self._record.save(job)

    def clear(self) -> None:
        with self._lock:
            self._jobs.clear()
            self._unfinished.clear()
            self._record.clear()
            self.counts = Counts()

    def _advance(self) -> None:
        now = self._clock.now()
        for key, job in list(self._unfinished.items()):
            job.advance(now)
            if job.ended_at is not None:
                del self._unfinished[key]
        for key, job in list(self._jobs.items()):
            if self._is_forgotten(job) and self._ended_since(job, ID_TAKEN_SECONDS):
                del self._jobs[key]
                self._record.forget(job)

    def _counts_with(self, job: Job, other: Job) -> bool:
        """Whether `other` takes a slot that `job` needs."""
        is_counted = self._switches.queued_jobs_count or other.status(self._clock.now()) == RUNNING
        return is_counted and (other.region == job.region or not self._switches.slots_per_region)

    def _is_forgotten(self, job: Job) -> bool:
        after = self._switches.forget_jobs_after
        return after is not None and self._ended_since(job, after)

    def _ended_since(self, job: Job, seconds: float) -> bool:
        return job.ended_at is not None and self._clock.now() - job.ended_at >= seconds
