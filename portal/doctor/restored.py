"""Whether the database is a backup that was restored, and what would tell it: the mark in S3 and the send log."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from portal.doctor.finding import Findings, fail, ok, warn
from reports.models import Installation
from reports.restoring import mode

# One is made each minute.
MARK_LATE = timedelta(minutes=10)
WRITE = "let the worker's credentials put and get objects below _fanfold/ in the bucket, and see bucket below"


def mode_of_the_database() -> Findings:
    held = mode.state()
    if held:
        what = (
            f"this database is a backup of about {held.backup_at:%Y-%m-%d %H:%M}Z ({held.because}), so nothing is noted, started or mailed"
        )
        yield fail(what, "manage.py restored shows what is to be done; then manage.py restored --resume")
    else:
        yield ok("no, this database goes on from where it was")


def send_log() -> Findings:
    if not settings.PORTAL_BUCKET:
        yield warn("there is no PORTAL_BUCKET, so a restored backup mails again what was mailed", "name the bucket")
        return
    row = Installation.objects.annotate(now=Now()).first()
    if row is None or row.marked_at is None:
        yield warn("no mark was written yet: a restored backup would not be noticed", f"start manage.py worker; {WRITE}")
    elif row.unlogged_since:
        yield fail(f"mail leaves, and what left was not written since {row.unlogged_since:%Y-%m-%d %H:%M}Z", WRITE)
    elif not row.restored_at and row.now - row.marked_at > MARK_LATE:
        yield fail(f"the mark is of {row.marked_at:%Y-%m-%d %H:%M}Z: a restored backup might not be noticed", WRITE)
    else:
        yield ok(f"the mark is of {row.marked_at:%Y-%m-%d %H:%M}Z, and what left is written")
