"""What a waiting job is told: its place in the line, and when it is expected to start or is tried again."""

from __future__ import annotations

from datetime import datetime

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import words
from reports.models import SnapshotJob


def place(job: SnapshotJob, now: datetime) -> str:
    """`3 jobs ahead · expected to start about 09:24`, `Next in line`, `Next attempt about 09:24`; empty where nothing is known."""
    if job.status != SnapshotJob.Status.QUEUED:
        return ""
    if job.waits_for == SnapshotJob.Waiting.RETRY and job.not_before:
        return _("Next attempt about %(time)s") % {"time": words.soon(max(job.not_before, now), now)}
    if job.ahead is None or job.waits_for:
        return ""
    line = _("Next in line")
    if job.ahead:
        line = ngettext("%(n)s job ahead", "%(n)s jobs ahead", job.ahead) % {"n": formats.number_format(job.ahead, force_grouping=True)}
    # A time that has passed was written by a pump that has stopped since.
    if job.expected_start_at is None or job.expected_start_at <= now:
        return line
    return _("%(line)s · expected to start about %(time)s") % {"line": line, "time": words.soon(job.expected_start_at, now)}
