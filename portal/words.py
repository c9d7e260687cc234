"""Times, durations and sizes as people read them. Every time is shown in the current zone: the view activates the tenant's."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from reports.words import dated
from reports.words import day as day
from reports.words import day_long as day_long
from reports.words import file_size as file_size
from reports.words import moment as moment
from reports.words import moment_long as moment_long
from reports.words import whole as whole
from reports.words import zone_city as zone_city

MINUTE, HOUR, DAY = 60, 3600, 86_400
# Up to a minute, an hour, a day, and beyond. portal.js counts on in the same words.
DURATIONS = (
    gettext_lazy("%(s)d s"),
    gettext_lazy("%(min)d min %(s)02d s"),
    gettext_lazy("%(h)d h %(min)02d min"),
    gettext_lazy("%(d)d d %(h)02d h"),
)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d")


def moment_near(at: datetime, now: datetime) -> str:
    """`today, 09:16`, `yesterday, 18:30`, `16 Nov, 06:04`, and with the year when it is another one. Fit for the middle of a sentence."""
    here, today = timezone.localtime(at), timezone.localdate(now)
    if here.date() == today:
        return _("today, %(time)s") % {"time": here.strftime("%H:%M")}
    if here.date() == today - timedelta(days=1):
        return _("yesterday, %(time)s") % {"time": here.strftime("%H:%M")}
    if here.year == today.year:
        return dated(at, pgettext("date format", "j M, H:i"))
    return dated(at, pgettext("date format", "j M Y, H:i"))


def soon(at: datetime, now: datetime) -> str:
    """`09:24`, and with its day when that is not today."""
    here = timezone.localtime(at)
    return here.strftime("%H:%M") if here.date() == timezone.localdate(now) else dated(at, pgettext("date format", "j M, H:i"))


def parameter(value: Any) -> str:
    """One value of a parameter. A time is stored with its offset; the start of a day here was chosen as a day, and is shown as one."""
    if not isinstance(value, str) or not TIME.fullmatch(value):
        return str(value)
    here = timezone.localtime(datetime.fromisoformat(value))
    return dated(here, pgettext("date format", "j M Y")) if here.time() == time() else moment(here)


def clock(at: datetime) -> str:
    """`09:17:05`"""
    return timezone.localtime(at).strftime("%H:%M:%S")


def duration(seconds: float) -> str:
    """`48 s`, `1 min 42 s`, `1 h 02 min`, `2 d 03 h`: two units at most."""
    whole = max(0, int(seconds))
    units = {"s": whole % 60, "min": whole // MINUTE % 60, "h": whole // HOUR % 24, "d": whole // DAY}
    return str(DURATIONS[sum(whole >= unit for unit in (MINUTE, HOUR, DAY))]) % units


def aws_account(number: str) -> str:
    """`1234 5678 9012`, as AWS's own pages group it."""
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def visual_kind(kind: str) -> str:
    """`pivot table` for PivotTableVisual: QuickSight's own word for it."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+", kind.removesuffix("Visual"))
    return " ".join(word if word.isupper() else word.lower() for word in words)


def round_top(most: int, steps: int) -> int:
    """Of a scale: the next number that so many equal steps lead to and people count in: 4, 8, 20, 40, 80, 200 … by four."""
    power = 1
    while True:
        for step in (1, 2, 5):
            if step * power * steps >= most:
                return step * power * steps
        power *= 10


def hexadecimal(value: bytes | memoryview) -> str:
    return bytes(value).hex()
