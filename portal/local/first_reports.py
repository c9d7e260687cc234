"""The first reports of the demo's tenants: run, linked, downloaded through their links, and their rows compared."""

from __future__ import annotations

import csv
import shutil
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

from django.utils import timezone

from portal.local import demo
from portal.local.aws import dataset
from portal.local.visitor import download
from reports import jobs, links
from reports.models import Format, SnapshotJob
from tenants.audit import Actor
from tenants.models import Tenant
from tenants.scope import platform_scope, tenant_scope

ACTOR = Actor("make demo")
# The list of calls alone: its rows are what the two tenants are compared by.
VISUALS = ["table-1"]
LOOK_AGAIN_SECONDS = 0.1
GIVE_UP_SECONDS = 120.0
SUFFIXES = [".csv", ".pdf", ".xlsx"]
Say = Callable[[str], None]


class FirstReportFailed(Exception):
    """A first report was not rendered or downloaded, or shows rows it must not; the message says which."""


def run_all(say: Say) -> None:
    """Raises FirstReportFailed, and OSError when the portal or S3 does not answer."""
    queued = [_submit(tenant) for tenant in _tenants()]
    _wait(queued, say)
    rows: dict[str, set[tuple[str, ...]]] = {}
    for job in queued:
        url, files = _deliver(job)
        rows[job.tenant.name] = rows_of(files)
        say(f"{job.tenant.name}: {len(files)} files downloaded through their link to {files[0].parent}")
        say(f"  {url}")
    say(compared(rows))


def _tenants() -> list[Tenant]:
    with platform_scope():
        return list(Tenant.objects.filter(slug__in=demo.TENANTS).order_by("slug"))


def _submit(tenant: Tenant) -> SnapshotJob:
    wanted = jobs.Wanted(demo.REPORT, [str(name) for name in Format], visual_ids=VISUALS, lane=SnapshotJob.Lane.NOW)
    with tenant_scope(tenant):
        return jobs.submit(tenant, ACTOR, wanted, now=timezone.now())


def _wait(queued: list[SnapshotJob], say: Say) -> None:
    """Until all have ended, telling each state once."""
    give_up = time.monotonic() + GIVE_UP_SECONDS
    told: set[tuple[str, str]] = set()
    while True:
        for job in queued:
            with tenant_scope(job.tenant):
                job.refresh_from_db(fields=["status", "failure_code", "failure_message"])
            if (state := (job.tenant.name, job.status)) not in told:
                told.add(state)
                say(f"{job.tenant.name}: {job.get_status_display().lower()}")
        if all(job.has_ended for job in queued):
            return
        if time.monotonic() > give_up:
            raise FirstReportFailed(f"The first reports have not ended after {GIVE_UP_SECONDS:.0f} s; see log/worker.log.")
        time.sleep(LOOK_AGAIN_SECONDS)


def _deliver(job: SnapshotJob) -> tuple[str, list[Path]]:
    """The link's address and the files that came through it."""
    tenant = job.tenant
    if job.status != SnapshotJob.Status.COMPLETED:
        raise FirstReportFailed(f"The report of {tenant.name} is {job.status}. {job.failure_text}")
    with tenant_scope(tenant):
        url = links.create(job, ACTOR, now=timezone.now()).url
    files = download(url, emptied(demo.folder(tenant.slug)))
    if sorted(path.suffix for path in files if path.stat().st_size) != SUFFIXES:
        raise FirstReportFailed(f"The link of {tenant.name} gave {[path.name for path in files]}, not one file of each format.")
    return url, files


def emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def rows_of(files: list[Path]) -> set[tuple[str, ...]]:
    """The calls in the one CSV among the files that lists them, without its heading."""
    (rows,) = (rows for path in files if path.suffix == ".csv" and (rows := _read(path))[0][0] == "Call")
    return set(rows[1:])


def _read(path: Path) -> list[tuple[str, ...]]:
    with open(path, newline="", encoding="utf-8") as file:
        return [tuple(row) for row in csv.reader(file)]


def compared(rows: dict[str, set[tuple[str, ...]]]) -> str:
    """A sentence about the row sets by tenant. Raises FirstReportFailed when one is empty, two share a row, or a row is nobody's."""
    for name, own in rows.items():
        if not own:
            raise FirstReportFailed(f"The report of {name} shows no rows.")
    for (first, ours), (second, theirs) in combinations(rows.items(), 2):
        if shared := ours & theirs:
            raise FirstReportFailed(f"{first} and {second} share {len(shared)} rows, but no tenant may see another's.")
    if {row[0] for own in rows.values() for row in own} != {call["call_id"] for call in dataset.calls()}:
        raise FirstReportFailed("The tenants' rows together are not the data set behind the report: some rows reach nobody.")
    return f"{', '.join(f'{name} has {len(own)} rows' for name, own in rows.items())}: none in common, together the whole data set"
