"""What a company's pages would look like with what is typed: nothing of it is stored."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from portal.branding_form import with_hash
from reports.brand import DARK_PAPER, HEX, LEAST_CONTRAST, OURS, WHITE, brand, contrast, is_readable, nearest_readable
from reports.branding import MOST_NAME
from tenants.models import Tenant

FIELDS = {"name": MOST_NAME, "contact": 254, "color": 50}


@dataclass(frozen=True)
class Look:
    """`tenant`: as it would be. Ratios as WCAG counts them; `nearest`: what would pass, where the colour does not, else empty."""

    tenant: Tenant
    is_color: bool
    white_on_it: float
    by_night: str
    it_by_night: float
    nearest: str
    query: str
    least: float = LEAST_CONTRAST


def look_of(tenant: Tenant, typed: Mapping[str, Any] | None = None) -> Look:
    """Of what is typed; what is not there is as it is stored."""
    stored = {"name": tenant.public_name, "contact": tenant.reply_to, "color": tenant.brand_color}
    values = {name: _clean((typed or {}).get(name, stored[name]))[:most] for name, most in FIELDS.items()}
    color = with_hash(values["color"])
    is_color = bool(HEX.fullmatch(color))
    would = copy.copy(tenant)
    would.brand_name, would.reply_to, would.brand_color = values["name"], values["contact"], color if is_color else ""
    shown = color if is_color else OURS
    night = brand(shown).dark_color
    return Look(
        tenant=would,
        is_color=is_color or not color,
        white_on_it=contrast(shown, WHITE),
        by_night=night,
        it_by_night=contrast(night, DARK_PAPER),
        nearest="" if is_readable(shown) else nearest_readable(shown),
        query=urlencode(values),
    )


def _clean(text: str) -> str:
    return " ".join(text.replace("\0", "").split())
