"""Forms around links. They only read what was typed; reports/links/ decides what is right."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.recipient_forms import INPUT, SELECT, PlainForm
from reports.links import Terms
from reports.models import Protection
from reports.recalling import MOST_REASON
from tenants.models import Tenant


class LinkForm(PlainForm):
    # Left empty: as the company has it.
    days = forms.IntegerField(label=_("Works for, in days"), required=False, min_value=0, max_value=9999, widget=forms.NumberInput(INPUT))
    max_uses = forms.IntegerField(
        label=_("Downloads"),
        required=False,
        min_value=0,
        max_value=999_999,
        widget=forms.NumberInput(INPUT),
        help_text=_("How many files may be had by it. One only together with a passcode or a code."),
    )
    protection = forms.ChoiceField(label=_("Protected by"), choices=Protection.choices, required=False, widget=forms.Select(SELECT))
    passcode = forms.CharField(
        label=_("Passcode"),
        max_length=200,
        required=False,
        strip=True,
        # Shown: whoever makes it up has to pass it on, and nobody can look it up later.
        widget=forms.TextInput(INPUT | {"autocomplete": "off"}),
        help_text=_("6 to 64 characters, if a passcode protects the link. Give it to the recipient yourself; it is not shown again."),
    )
    email = forms.CharField(
        label=_("For"),
        max_length=1000,
        required=False,
        widget=forms.EmailInput(INPUT | {"autocomplete": "off"}),
        help_text=_("An email address. A code can be mailed there, and a new link once this one has ended. Nothing is sent now."),
    )

    def __init__(self, tenant: Tenant, data: Any = None) -> None:
        super().__init__(data, initial={"days": tenant.link_days, "max_uses": tenant.link_max_uses})

    def terms(self) -> Terms:
        return Terms(**{name: self.cleaned_data[name] for name in ("days", "max_uses", "protection", "passcode", "email")})


class CorrectForm(PlainForm):
    """What is to be done is said by the button; see portal/views/job_correct.py."""

    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    because = forms.CharField(
        label=_("What was wrong"),
        max_length=MOST_REASON,
        widget=forms.Textarea({"class": "textarea", "rows": 3}),
        help_text=_("One sentence. Customers read it on the page of their link, such as: Faro Beach was missing on Saturday."),
    )


class RevokeForm(PlainForm):
    address = forms.CharField(
        label=_("Email address"), max_length=1000, required=False, widget=forms.EmailInput(INPUT | {"autocomplete": "off"})
    )
