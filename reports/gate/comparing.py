"""A file beside the last ones of the same rows: what is usual of them, and what of it is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from reports.models import Occurrence, Schedule, SnapshotFile, SnapshotJob

LAST = 10
# With fewer nothing is usual yet.
FEWEST = 3
# Runs that are looked through for them: most failed, or were held, if there are no ten files in so many.
MOST_RUNS = 40
SIZE, PAGES, ROWS = MEASURES = ("size", "pages", "rows")


@dataclass(frozen=True)
class Figures:
    """Of one file. `pages`, `rows` None: it has none, or they are not known."""

    size: int
    pages: int | None = None
    rows: int | None = None


def last_files(schedule: Schedule, job: SnapshotJob, file: SnapshotFile) -> list[Figures]:
    """Of earlier runs, oldest first: those that went out, of the same rows and kind. In the tenant's scope."""
    runs = Occurrence.objects.filter(tenant=schedule.tenant_id, schedule=schedule).newest_first()
    if job.occurrence:
        runs = runs.filter(planned_at__lt=job.occurrence.planned_at)
    files = SnapshotFile.objects.filter(
        tenant=schedule.tenant_id,
        job__occurrence__in=list(runs.values_list("pk", flat=True)[:MOST_RUNS]),
        job__status=SnapshotJob.Status.COMPLETED,
        job__narrowing_tags=job.narrowing_tags,
        format=file.format,
        visual_id=file.visual_id,
        held=False,
        recalled_at=None,
    )
    found = files.order_by("-created_at", "-id").values_list("size_bytes", "pages", "data_rows")[:LAST]
    return [Figures(*row) for row in found][::-1]


def usual(last: list[Figures]) -> dict[str, list[int]]:
    """By measure, the smallest and the largest of them; without one that is not known of enough files."""
    return {name: [min(values), max(values)] for name, values in _known(last)}


def unusual(now: Figures, last: list[Figures], percent: int) -> list[dict[str, Any]]:
    """Findings, without the file that they are about."""
    found = []
    for name, values in _known(last):
        is_now, middle = getattr(now, name), median(values)
        if is_now is None or abs(is_now - middle) <= middle * percent / 100:
            continue
        code = "smaller" if is_now < middle else "larger"
        found.append({"code": code, "what": name, "is": is_now, "low": min(values), "high": max(values), "number": len(values)})
    return found


def _known(last: list[Figures]) -> Iterator[tuple[str, list[int]]]:
    for name in MEASURES:
        values = [value for figures in last if (value := getattr(figures, name)) is not None]
        if len(values) >= FEWEST:
            yield name, values
