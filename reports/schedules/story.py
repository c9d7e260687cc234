"""The timeline of a run, made of what its rows tell: when it was planned, when its jobs were made, how it went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.models import Delivery, Occurrence, SnapshotJob
from reports.retelling import retold
from reports.schedules.ledger import Ledger
from reports.scheduling import offset_text
from reports.timeline import Line


def lines(run: Occurrence, jobs: Sequence[SnapshotJob], ledger: Ledger) -> list[Line]:
    """In the tenant's scope. Oldest first."""
    return sorted(_lines(run, jobs, ledger), key=lambda line: line.at)


def _lines(run: Occurrence, jobs: Sequence[SnapshotJob], ledger: Ledger) -> Iterator[Line]:
    planned = run.planned_at.astimezone(run.schedule.zone)
    by = _("By %(actor)s") % {"actor": retold(run.actor)} if run.actor else f"{run.schedule.timezone}, {offset_text(planned)}"
    yield Line(run.planned_at, _("Run by hand") if run.kind == Occurrence.Kind.HAND else _("Planned"), by, "clock", "")
    if jobs and run.expanded_at:
        yield Line(run.expanded_at, ngettext("%(n)d job made", "%(n)d jobs made", len(jobs)) % {"n": len(jobs)}, "", "send", "")
    for job in jobs:
        if job.status == SnapshotJob.Status.FAILED and job.finished_at:
            yield Line(job.finished_at, _("A job failed"), job.failure_text, "alert-circle", "bad")
    last = (
        Delivery.objects.for_tenant(run.tenant).filter(occurrence=run).exclude(sent_at=None).order_by("-sent_at").first()
        if ledger.sent
        else None
    )
    if last is not None and last.sent_at:
        yield Line(last.sent_at, ngettext("%(n)d delivered", "%(n)d delivered", ledger.sent) % {"n": ledger.sent}, "", "check", "ok")
    if run.ended_at and ledger.failed:
        yield Line(run.ended_at, ngettext("%(n)d failed", "%(n)d failed", ledger.failed) % {"n": ledger.failed}, "", "alert-circle", "bad")
