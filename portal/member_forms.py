"""Forms of the members page. They read what was typed; portal/inviting.py and tenants/membership.py decide what is right."""

from __future__ import annotations

import re

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.recipient_forms import PlainForm
from tenants.models import Tenant
from tenants.models.members import Role

DIVIDERS = re.compile(r"[\s,;<>]+")


class InviteForm(PlainForm):
    emails = forms.CharField(
        label=_("Email addresses"),
        max_length=20_000,
        widget=forms.Textarea({"class": "textarea", "rows": 4, "autocomplete": "off"}),
        help_text=_("Several are divided by commas, spaces or lines. Each gets an invitation that ends after 72 hours."),
    )
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.VIEWER, widget=forms.Select({"class": "select"}))

    def addresses(self) -> list[str]:
        return [part for part in DIVIDERS.split(self.cleaned_data["emails"]) if part]


class RoleForm(PlainForm):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, widget=forms.Select({"class": "select"}))


class RulesForm(PlainForm):
    """What holds for all members of the company."""

    mfa = forms.ChoiceField(
        label=_("Second step at sign-in"),
        choices=[
            (Tenant.Mfa.REQUIRED, _("Required: nobody comes in without one")),
            (Tenant.Mfa.GRACE, _("Required after 14 days")),
            (Tenant.Mfa.OPTIONAL, _("Everybody decides for themselves")),
        ],
        widget=forms.Select({"class": "select"}),
    )


class SupportForm(PlainForm):
    allows_support = forms.BooleanField(
        label=_("Platform staff may look at our pages"), required=False, widget=forms.CheckboxInput({"class": "switch", "role": "switch"})
    )
