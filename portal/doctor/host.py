"""The machine this runs on: its clock, and the folder in which the worker keeps its notes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from portal.doctor.finding import Findings, fail, ok, warn

# AWS refuses requests that are signed five minutes off; limits and links follow the host's clock too.
CLOCK_WARN, CLOCK_FAIL = timedelta(seconds=2), timedelta(seconds=60)
KEEP_CLOCKS = "let a time service (NTP) keep the clock of this host and of the database's"
MEGABYTE = 1024 * 1024
SPACE_BYTES = 50 * MEGABYTE


def clock(now: Callable[[], datetime] = timezone.now) -> Findings:
    before = now()
    with connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        theirs = cursor.fetchone()[0]
    after = now()
    # What the question took is nobody's fault.
    apart = max(before - theirs, theirs - after, timedelta(0))
    seconds = f"this host and the database are {apart.total_seconds():.1f} s apart"
    if apart > CLOCK_FAIL:
        yield fail(seconds, KEEP_CLOCKS)
    elif apart > CLOCK_WARN:
        yield warn(seconds, KEEP_CLOCKS)
    else:
        yield ok(seconds)


def state_folder(needed: int = SPACE_BYTES) -> Findings:
    """`needed` in bytes."""
    folder = settings.STATE_DIR
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        yield fail(f"nothing can be written into {folder} ({error.strerror})", "a folder of this user's in PORTAL_STATE_DIR")
        return
    room = f"{free // MEGABYTE:,} MB are free in {folder}"
    if free < needed:
        yield fail(f"{room}; {needed // MEGABYTE:,} MB are wanted", "make room, or name another folder in PORTAL_STATE_DIR")
    else:
        yield ok(room)
