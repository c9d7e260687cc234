"""How a company looks to its customers: its owners and admins decide, and the platform file may. In the company's scope."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import formats
from django.utils.translation import gettext as _

from reports.brand import HEX, LEAST_CONTRAST, WHITE, contrast, is_readable, nearest_readable
from reports.logos import Logo
from reports.refused import Place, Refused
from tenants.audit import Actor, record
from tenants.models import Tenant, TenantLogo

MOST_NAME = 120
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
COLUMNS = ("brand_name", "reply_to", "brand_color", "logo_hash")


@dataclass(frozen=True)
class Wanted:
    """Empty: the company's own name, no contact, the portal's colour. `logo`: a new one; None: as it is, unless `without_logo`."""

    name: str
    contact: str
    color: str
    logo: Logo | None = None
    without_logo: bool = False


def change(tenant: Tenant, actor: Actor, wanted: Wanted, *, now: datetime) -> bool:
    """False: it looked so already. Raises Refused, and nothing changes."""
    if places := tuple(faults(wanted)):
        raise Refused("invalid", places[0].detail, places)
    stored = Tenant.objects.select_for_update(of=("self",)).get(pk=tenant.pk)
    # The company's own name is not kept twice: when it is renamed, its customers see that.
    name = "" if wanted.name == stored.name else wanted.name
    logo_hash = wanted.logo.hash if wanted.logo else "" if wanted.without_logo else stored.logo_hash
    values = dict(zip(COLUMNS, (name, wanted.contact, wanted.color.lower(), logo_hash), strict=True))
    before = {column: getattr(stored, column) for column in COLUMNS}
    changed = [column for column in COLUMNS if before[column] != values[column]]
    if not changed:
        return False
    if logo_hash != stored.logo_hash:
        _keep(tenant, wanted.logo)
    Tenant.objects.filter(pk=tenant.pk).update(**values)
    record(actor, "company.brand_set", now=now, tenant=tenant, about=tenant, before=_of(before, changed), after=_of(values, changed))
    return True


def remove_logo(tenant: Tenant) -> None:
    """For a company that is closed."""
    _keep(tenant, None)
    Tenant.objects.filter(pk=tenant.pk).exclude(logo_hash="").update(logo_hash="")


def faults(wanted: Wanted) -> list[Place]:
    found = []
    if len(wanted.name) > MOST_NAME or CONTROL.search(wanted.name):
        found.append(Place(("name",), "invalid", _("The name may have %(n)d characters on one line.") % {"n": MOST_NAME}))
    if wanted.contact and not _is_address(wanted.contact):
        found.append(Place(("contact",), "invalid", _("This is no email address.")))
    if wanted.color and (fault := color_fault(wanted.color)):
        found.append(Place(("color",), "invalid", fault))
    return found


def color_fault(color: str) -> str:
    """Empty: white text can be read on it."""
    if not HEX.fullmatch(color):
        return _("Write the colour as # and six digits or letters from a to f, such as #0b5e6b.")
    if is_readable(color):
        return ""
    found, least = formats.number_format(contrast(color, WHITE), 2), formats.number_format(LEAST_CONTRAST, 1)
    values = {"found": found, "least": least, "nearest": nearest_readable(color)}
    said = _("White text on it cannot be read: %(found)s to 1, and %(least)s to 1 are needed. The nearest that passes is %(nearest)s.")
    return said % values


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _keep(tenant: Tenant, logo: Logo | None) -> None:
    if logo is None:
        TenantLogo.objects.filter(tenant=tenant).delete()
    else:
        TenantLogo.objects.update_or_create(tenant=tenant, defaults={"png": logo.png})


def _of(values: dict[str, Any], columns: list[str]) -> dict[str, Any]:
    return {column: values[column] for column in columns}
