"""The form of a company's looks. It only reads what was typed; reports/branding.py decides what is right."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms import always_filled
from portal.recipient_forms import INPUT, PlainForm
from reports import logos
from reports.brand import HEX, OURS
from reports.branding import Wanted
from tenants.models import Tenant

KINDS = "image/png,image/jpeg,image/webp"
PLAIN = INPUT | {"autocomplete": "off"}


class BrandingForm(PlainForm):
    logo = forms.FileField(label=_("New logo"), required=False, allow_empty_file=True, widget=forms.FileInput(INPUT | {"accept": KINDS}))
    without_logo = forms.BooleanField(label=_("Remove the logo"), required=False)
    name = forms.CharField(label=_("Name shown"), max_length=1000, required=False, widget=forms.TextInput(PLAIN))
    contact = forms.CharField(
        label=_("Contact for questions"), max_length=254, required=False, widget=forms.EmailInput(PLAIN | {"spellcheck": "false"})
    )
    color = forms.CharField(
        label=_("Brand colour"),
        max_length=50,
        required=False,
        widget=forms.TextInput(PLAIN | {"class": "input input--mono", "spellcheck": "false", "placeholder": OURS}),
    )

    def __init__(self, tenant: Tenant, data: Any = None, files: Any = None) -> None:
        first = {"name": tenant.public_name, "contact": tenant.reply_to, "color": tenant.brand_color}
        super().__init__(data, files, initial=first)
        for name in ("name", "color"):
            always_filled(self.fields[name])
        if not tenant.logo_hash:
            del self.fields["without_logo"]

    def wanted(self) -> Wanted:
        """Raises Refused for a file that is no picture."""
        cleaned = self.cleaned_data
        logo = logos.read(_beginning(cleaned["logo"])) if cleaned.get("logo") is not None else None
        name, color = " ".join(cleaned["name"].split()), with_hash(cleaned["color"])
        return Wanted(name, cleaned["contact"], color, logo, bool(cleaned.get("without_logo")))


def with_hash(color: str) -> str:
    """People copy the digits alone."""
    color = color.strip().lower()
    return f"#{color}" if HEX.fullmatch(f"#{color}") else color


def _beginning(file: Any) -> bytes:
    """One byte more than is taken: enough to refuse it."""
    return bytes(file.read(logos.MOST_BYTES + 1))
