"""Times and sizes as people read them, in pages and in mails. Every time is shown in the current zone: whoever draws activates one."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

KIB = 1024


def moment(at: datetime) -> str:
    """`Mon 23 Nov 2026, 09:17`"""
    return dated(at, pgettext("date format", "D j M Y, H:i"))


def moment_long(at: datetime) -> str:
    """`Monday 23 November 2026, 09:17`"""
    return dated(at, pgettext("date format", "l j F Y, H:i"))


def day_long(day: date) -> str:
    """`Monday 23 November 2026`"""
    return formats.date_format(day, pgettext("date format", "l j F Y"))


def day(day: date) -> str:
    """`23 November 2026`"""
    return formats.date_format(day, pgettext("date format", "j F Y"))


def file_size(size: int) -> str:
    """`412 KB`, `1.8 MB`; in steps of 1024."""
    if size < KIB:
        return _("%(n)d bytes") % {"n": size}
    if size < KIB**2:
        return _("%(n)s KB") % {"n": formats.number_format(size / KIB, 0)}
    return _("%(n)s MB") % {"n": formats.number_format(size / KIB**2, 1)}


def zone_city() -> str:
    """`Lisbon` for Europe/Lisbon."""
    return timezone.get_current_timezone_name().rsplit("/", 1)[-1].replace("_", " ")


def dated(at: datetime, pattern: str) -> str:
    return formats.date_format(timezone.localtime(at), pattern)
