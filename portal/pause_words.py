"""A pause in words, for staff: what does not go on, why, and how it ends."""

from __future__ import annotations

from django.utils.translation import gettext as _

from reports.failures import cause_of
from reports.models import Pause

Kind = Pause.Kind


def subject(pause: Pause) -> str:
    if pause.kind == Kind.DELIVERY:
        return _("All email") if pause.tenant is None else _("Email of %(company)s") % {"company": pause.tenant.name}
    return str((pause.account or pause.report or pause.tenant).name)  # type: ignore[union-attr]


def address(pause: Pause) -> dict[str, str]:
    """What names it in the address of the page that ends it."""
    names = {Kind.ACCOUNT: pause.account and pause.account.name, Kind.REPORT: pause.report and pause.report.slug}
    return {"kind": pause.kind, "name": names.get(Kind(pause.kind)) or (pause.tenant.slug if pause.tenant else "")}


def why(pause: Pause) -> str:
    """In the words of who paused it, or those of the cause."""
    return pause.because or (str(cause_of(pause.code).message) if pause.code else "")
