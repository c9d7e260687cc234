"""Times and sizes as people read them, in pages and in mails. Every time is shown in the current zone: whoever draws activates one."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

KIB = 1024
UNITS = (gettext_lazy("%(n)s MB"), gettext_lazy("%(n)s GB"), gettext_lazy("%(n)s TB"))


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
    """`412 KB`, `1.8 MB`, `41.2 GB`; in steps of 1024."""
    if size < KIB:
        return _("%(n)d bytes") % {"n": size}
    if size < KIB**2:
        return _("%(n)s KB") % {"n": formats.number_format(size / KIB, 0)}
    power = next((power for power in (2, 3) if size < KIB ** (power + 1)), 4)
    return str(UNITS[power - 2]) % {"n": formats.number_format(size / KIB**power, 1)}


def whole(number: int) -> str:
    """`1,082`"""
    return formats.number_format(number, force_grouping=True)


def zone_city() -> str:
    """`Lisbon` for Europe/Lisbon."""
    return timezone.get_current_timezone_name().rsplit("/", 1)[-1].replace("_", " ")


def dated(at: datetime, pattern: str) -> str:
    return formats.date_format(timezone.localtime(at), pattern)
