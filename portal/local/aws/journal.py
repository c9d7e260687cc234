"""Snapshot jobs as files, one each, so that a job started before a restart is known and ends after it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from portal.local.aws.faults import JobFault
from portal.local.aws.files import replace_file
from portal.local.aws.jobs import Job


class Journal:
    def __init__(self, state: Path) -> None:
        self._root = state / "jobs"
        self._root.mkdir(parents=True, exist_ok=True)

    def save(self, job: Job) -> None:
        replace_file(self._path(job), json.dumps(asdict(job)).encode())

    def forget(self, job: Job) -> None:
        self._path(job).unlink(missing_ok=True)

    def load(self) -> Iterator[Job]:
        for path in self._root.glob("*.json"):
            fields = json.loads(path.read_text())
            fault = JobFault(**fields.pop("fault")) if fields["fault"] else fields.pop("fault")
            yield Job(**fields, fault=fault)

    def clear(self) -> None:
        for path in self._root.glob("*.json"):
            path.unlink()

    def _path(self, job: Job) -> Path:
        name = hashlib.sha256(f"{job.dashboard_id}/{job.id}".encode()).hexdigest()
        return self._root / f"{name}.json"
