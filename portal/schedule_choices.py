"""What the form of a schedule lets people choose from: time zones, how long links live and how often they work."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.schedule_words import city
from reports.scheduling import offset_text
from tenants.models import Tenant

# Names such as EST5EDT and SystemV/… are left out: they are not places.
REGIONS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
LIVES = (1, 3, 7, 14, 30, 60, 90)
USES = (1, 3, 5, 10, 25, 100)


@cache
def _places() -> dict[str, list[str]]:
    """By region, in order."""
    names = sorted(zoneinfo.available_timezones())
    return {region: [name for name in names if name.startswith(f"{region}/")] for region in REGIONS}


def zone_choices(current: str) -> list[tuple[str, Any]]:
    """The schedule's own first, with what it is apart from UTC just now."""
    now = datetime.now(UTC).astimezone(zoneinfo.ZoneInfo(current)) if current in zoneinfo.available_timezones() else None
    first = _("%(city)s (%(offset)s now)") % {"city": city(current), "offset": offset_text(now)} if now else current
    groups = [(region, [(name, city(name)) for name in names if name != current]) for region, names in _places().items()]
    return [(current, first), *([("UTC", "UTC")] if current != "UTC" else []), *groups]


def life_choices(tenant: Tenant, current: int | None) -> list[tuple[str, str]]:
    usual = ngettext("%(n)d day, as usual", "%(n)d days, as usual", tenant.link_days) % {"n": tenant.link_days}
    return [("", usual), *((str(n), ngettext("%(n)d day", "%(n)d days", n) % {"n": n}) for n in _with(LIVES, current))]


def use_choices(tenant: Tenant, current: int | None) -> list[tuple[str, str]]:
    usual = _("%(n)d, as usual") % {"n": tenant.link_max_uses}
    return [("", usual), *((str(n), str(n)) for n in _with(USES, current))]


def _with(numbers: tuple[int, ...], current: int | None) -> list[int]:
    return sorted({*numbers, *([current] if current else [])})
