"""Times, durations and sizes as people read them. Every time is shown in the current zone: the view activates the tenant's."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Any

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

KIB = 1024
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d")


def moment(at: datetime) -> str:
    """`Mon 23 Nov 2026, 09:17`"""
    return _dated(at, pgettext("date format", "D j M Y, H:i"))


def moment_long(at: datetime) -> str:
    """`Monday 23 November 2026, 09:17`"""
    return _dated(at, pgettext("date format", "l j F Y, H:i"))


def moment_near(at: datetime, now: datetime) -> str:
    """`today, 09:16`, `yesterday, 18:30`, `16 Nov, 06:04`, and with the year when it is another one. Fit for the middle of a sentence."""
    here, today = timezone.localtime(at), timezone.localdate(now)
    if here.date() == today:
        return _("today, %(time)s") % {"time": here.strftime("%H:%M")}
    if here.date() == today - timedelta(days=1):
        return _("yesterday, %(time)s") % {"time": here.strftime("%H:%M")}
    if here.year == today.year:
        return _dated(at, pgettext("date format", "j M, H:i"))
    return _dated(at, pgettext("date format", "j M Y, H:i"))


def parameter(value: Any) -> str:
    """One value of a parameter. A time is stored with its offset; the start of a day here was chosen as a day, and is shown as one."""
    if not isinstance(value, str) or not TIME.fullmatch(value):
        return str(value)
    here = timezone.localtime(datetime.fromisoformat(value))
    return _dated(here, pgettext("date format", "j M Y")) if here.time() == time() else moment(here)


def clock(at: datetime) -> str:
    """`09:17:05`"""
    return timezone.localtime(at).strftime("%H:%M:%S")


def duration(seconds: float) -> str:
    """`48 s`, `1 min 42 s`, `1 h 02 min`, `2 d 03 h`: two units at most."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    if not minutes:
        return _("%(s)d s") % {"s": rest}
    if minutes < 60:
        return _("%(min)d min %(s)02d s") % {"min": minutes, "s": rest}
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return _("%(h)d h %(min)02d min") % {"h": hours, "min": minutes}
    return _("%(d)d d %(h)02d h") % {"d": hours // 24, "h": hours % 24}


def file_size(size: int) -> str:
    """`412 KB`, `1.8 MB`; in steps of 1024."""
    if size < KIB:
        return _("%(n)d bytes") % {"n": size}
    if size < KIB**2:
        return _("%(n)s KB") % {"n": formats.number_format(size / KIB, 0)}
    return _("%(n)s MB") % {"n": formats.number_format(size / KIB**2, 1)}


def aws_account(number: str) -> str:
    """`1234 5678 9012`, as AWS's own pages group it."""
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def visual_kind(kind: str) -> str:
    """`pivot table` for PivotTableVisual: QuickSight's own word for it."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+", kind.removesuffix("Visual"))
    return " ".join(word if word.isupper() else word.lower() for word in words)


def zone_city() -> str:
    """`Lisbon` for Europe/Lisbon."""
    return timezone.get_current_timezone_name().rsplit("/", 1)[-1].replace("_", " ")


def _dated(at: datetime, pattern: str) -> str:
    return formats.date_format(timezone.localtime(at), pattern)
