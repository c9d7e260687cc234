"""Held files as pages show them: what was found in each, beside what is usual of it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.status import Look
from reports.gate import findings
from reports.models import Review, SnapshotFile, SnapshotJob

Text = str | Promise
USUAL = Look(_("As usual"), "check", "ok")
# Of the chart of the last files, in its own measure.
WIDTH, TOP, BOTTOM, STEP, BAR = 280, 16, 80, 25, 17


@dataclass(frozen=True)
class Bar:
    x: int
    y: int
    height: int
    tone: str


@dataclass(frozen=True)
class Chart:
    """Of the sizes of the last files of the same rows, and of this one, which is the last."""

    name: str
    top: str
    words: str
    bars: list[Bar]


@dataclass(frozen=True)
class Row:
    """A file. `now` and `usual` in words; `usual` empty: nothing is known of earlier ones."""

    job: SnapshotJob
    file: SnapshotFile
    rows_of: str
    look: Look
    now: str
    usual: str
    reasons: list[Text]
    chart: Chart | None = None


@dataclass(frozen=True)
class HeldJob:
    review: Review
    rows: list[Row]
    people: int

    @property
    def is_unusual(self) -> bool:
        return bool(self.review.findings)


@dataclass(frozen=True)
class Held:
    """All that is held of a run."""

    jobs: list[HeldJob] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        return [row for job in self.jobs for row in job.rows]

    @property
    def unusual(self) -> list[Row]:
        return [row for row in self.rows if row.reasons]

    @property
    def people(self) -> int:
        return sum(job.people for job in self.jobs)

    @property
    def until(self) -> datetime | None:
        return min((job.review.held_until for job in self.jobs if job.review.held_until), default=None)

    @property
    def since(self) -> datetime | None:
        return min((job.review.held_at for job in self.jobs if job.review.held_at), default=None)

    @property
    def charts(self) -> list[Chart]:
        return [row.chart for row in self.unusual if row.chart]


def held_of(jobs: Iterable[tuple[SnapshotJob, list[tuple[str, int]]]], reviews: dict[uuid.UUID, Review]) -> Held:
    """`jobs` with their files, each with the audiences that share it; `reviews` by the job, those that are held."""
    found = [(job, sets, reviews[job.pk]) for job, sets in jobs if job.pk in reviews]
    return Held([held_job(job, sets, review) for job, sets, review in found])


def held_job(job: SnapshotJob, sets: list[tuple[str, int]], review: Review) -> HeldJob:
    rows_of = ", ".join(name for name, _people in sets if name)
    return HeldJob(review, [_row(job, file, rows_of, review) for file in job.files.all()], sum(people for _name, people in sets))


def _row(job: SnapshotJob, file: SnapshotFile, rows_of: str, review: Review) -> Row:
    found = [finding for finding in review.findings if finding["file"] in (str(file.pk), "")]
    figures = review.figures.get(str(file.pk), {"size": file.size_bytes, "usual": {}, "last": []})
    look = Look(findings.label(found[0]), "alert-triangle", "warn") if found else USUAL
    chart = _chart(rows_of or file.name, figures, bool(found)) if len(figures["last"]) > 1 else None
    return Row(job, file, rows_of, look, _amounts(figures), _usual(figures), [findings.sentence(finding) for finding in found], chart)


def _amounts(figures: dict[str, Any]) -> str:
    known = [(name, figures.get(name)) for name in ("size", "pages", "rows")]
    return ", ".join(findings.amount(name, number) for name, number in known if number is not None)


def _usual(figures: dict[str, Any]) -> str:
    return ", ".join(findings.between(name, *figures["usual"][name]) for name in ("size", "pages", "rows") if name in figures["usual"])


def _chart(name: str, figures: dict[str, Any], is_unusual: bool) -> Chart:
    sizes = [*figures["last"], figures["size"]]
    tall = (BOTTOM - TOP) / max(sizes)
    heights = [max(1, round(size * tall)) for size in sizes]
    tones = ["accent-2"] * len(figures["last"]) + ["warn" if is_unusual else "accent"]
    bars = [Bar(4 + STEP * n, BOTTOM - high, high, tone) for n, (high, tone) in enumerate(zip(heights, tones, strict=True))]
    low, high = findings.amount("size", min(figures["last"])), findings.amount("size", max(figures["last"]))
    names = {"low": low, "high": high, "name": name, "n": len(figures["last"]), "now": findings.amount("size", figures["size"])}
    said = _("Size of the last %(n)d files of %(name)s: between %(low)s and %(high)s; this one %(now)s")
    return Chart(name, findings.amount("size", max(sizes)), said % names, bars)
