"""Times and zones as the pages of schedules tell them. Every time is shown in the current zone: the view activates the tenant's."""

from __future__ import annotations

from datetime import datetime

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from reports.scheduling import offset_text


def day_and_time(at: datetime, now: datetime) -> str:
    """`Today, 12:00`, `Tue 24 Nov, 06:00`, and with the year when it is another one."""
    here, today = timezone.localtime(at), timezone.localdate(now)
    if here.date() == today:
        return _("Today, %(time)s") % {"time": here.strftime("%H:%M")}
    pattern = pgettext("date format", "D j M, H:i") if here.year == today.year else pgettext("date format", "D j M Y, H:i")
    return formats.date_format(here, pattern)


def city(zone: str) -> str:
    """`Lisbon` for Europe/Lisbon."""
    return zone.rsplit("/", 1)[-1].replace("_", " ")


def zone_offset(at: datetime) -> str:
    """`WET, UTC+0`, and `UTC+5:30` where the zone has no letters of its own."""
    here = timezone.localtime(at)
    letters = here.tzname() or ""
    told = offset_text(here)
    return f"{letters}, {told}" if letters.isalpha() and letters != "UTC" else told
