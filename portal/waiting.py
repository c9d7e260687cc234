"""What a waiting job is told: why it waits, or its place in the line, and when it is expected to start or is tried again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal import words
from reports.failures import cause_of
from reports.models import Pause, SnapshotJob

PAUSED = {
    Pause.Kind.ACCOUNT: gettext_lazy("All reports are paused by %(platform)s since %(time)s"),
    Pause.Kind.TENANT: gettext_lazy("Your reports are paused by %(platform)s since %(time)s"),
    Pause.Kind.REPORT: gettext_lazy("This report is paused by %(platform)s since %(time)s"),
}
# A cause that may pass by itself pauses a report only when it came again and again.
IN_A_ROW = gettext_lazy("%(what)s, five times in a row; we try again at %(time)s")
ONCE = gettext_lazy("%(what)s; we try again at %(time)s")


def why(job: SnapshotJob, now: datetime) -> str:
    """Why it does not go on although it could, without a full stop; empty: it does, or waits for its turn or its next attempt."""
    if job.status == SnapshotJob.Status.QUEUED and job.held_by:
        return _held(job.held_by, now)
    return "" if job.waits_for == SnapshotJob.Waiting.RETRY else str(job.waits_for.label)


def is_stopped(job: SnapshotJob) -> bool:
    """By people, who have to let it go on."""
    return job.status == SnapshotJob.Status.QUEUED and bool(job.held_by) and not (job.held_by or {})["code"]


def _held(pause: dict[str, Any], now: datetime) -> str:
    """`Paused by AnyCompany since today, 09:14`, `QuickSight could not render this report, five times in a row; we try again at 14:30`."""
    if not pause["code"]:
        facts = {"platform": settings.PLATFORM_NAME, "time": words.moment_near(datetime.fromisoformat(pause["since"]), now)}
        told = str(PAUSED[pause["kind"]]) % facts
        return f"{told}: {pause['because'].rstrip('.')}" if pause["because"] else told
    cause = cause_of(pause["code"])
    facts = {"what": str(cause.message).rstrip("."), "time": _probe(pause["probe_at"], now)}
    if not facts["time"]:
        return facts["what"]
    return (IN_A_ROW if cause.retryable else ONCE) % facts


def _probe(at: str | None, now: datetime) -> str:
    return words.soon(max(datetime.fromisoformat(at), now), now) if at else ""


def place(job: SnapshotJob, now: datetime) -> str:
    """`3 jobs ahead · expected to start about 09:24`, `Next in line`, `Next attempt about 09:24`; empty where nothing is known."""
    if job.status != SnapshotJob.Status.QUEUED:
        return ""
    if job.waits_for == SnapshotJob.Waiting.RETRY and job.not_before:
        return _("Next attempt about %(time)s") % {"time": words.soon(max(job.not_before, now), now)}
    if job.ahead is None or why(job, now):
        return ""
    line = _("Next in line")
    if job.ahead:
        line = ngettext("%(n)s job ahead", "%(n)s jobs ahead", job.ahead) % {"n": formats.number_format(job.ahead, force_grouping=True)}
    # A time that has passed was written by a pump that has stopped since.
    if job.expected_start_at is None or job.expected_start_at <= now:
        return line
    return _("%(line)s · expected to start about %(time)s") % {"line": line, "time": words.soon(job.expected_start_at, now)}
