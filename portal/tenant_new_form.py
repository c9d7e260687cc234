"""The form of a new company. Single values are checked as the platform file checks them; portal/onboarding.py decides the rest."""

from __future__ import annotations

import uuid
from collections import defaultdict
from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.forms import always_filled, boxes
from portal.onboarding import Wanted
from portal.platform_file import checks
from portal.platform_file.checks import Check
from portal.platform_file.faults import Bad
from portal.queue_forms import ReasonForm
from portal.recipient_forms import INPUT, SELECT, PlainForm
from portal.schedule_choices import zone_choices
from reports.models import Report
from tenants.models import User

TAG = "tag-"
NAMED = 3
NO_SUGGESTIONS = INPUT | {"autocomplete": "off"}
NO_NAME = {"required": gettext_lazy("Type the company’s name.")}
NO_OWNER = {"required": gettext_lazy("Type the email address of its first owner.")}
NO_ZONE = dict.fromkeys(("required", "invalid_choice"), gettext_lazy("Choose a time zone from the list."))


class NewTenantForm(PlainForm):
    form_key = forms.UUIDField(widget=forms.HiddenInput)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120, error_messages=NO_NAME, widget=forms.TextInput(NO_SUGGESTIONS))
    slug = forms.CharField(
        label=gettext_lazy("Slug"),
        required=False,
        max_length=63,
        widget=forms.TextInput({"class": "input input--mono", "autocomplete": "off"}),
        help_text=gettext_lazy("Stands in the addresses of its pages, and stays. Empty: made of the name."),
    )
    owner = forms.CharField(
        label=gettext_lazy("Email of its first owner"),
        max_length=254,
        error_messages=NO_OWNER,
        widget=forms.EmailInput(NO_SUGGESTIONS),
        help_text=gettext_lazy("Gets an invitation that ends after 72 hours, and invites the others."),
    )

    def __init__(self, reports: list[Report], data: Any = None) -> None:
        super().__init__(data, initial={"form_key": uuid.uuid4(), "timezone": "UTC"})
        self.catalogue = reports
        zones = zone_choices("UTC")
        self.fields["timezone"] = forms.ChoiceField(
            label=gettext_lazy("Time zone"), choices=zones, error_messages=NO_ZONE, widget=forms.Select(SELECT)
        )
        self.fields["reports"] = boxes(gettext_lazy("Reports"), [(report.slug, report.name) for report in reports], required=False)
        for key, names in self._needed_by().items():
            field = forms.CharField(label=key, required=False, max_length=256, widget=forms.TextInput(NO_SUGGESTIONS))
            field.help_text = _needed(names)
            self.fields[TAG + key] = always_filled(field)

    def tag_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith(TAG)]

    def clean_name(self) -> str:
        return str(_checked(checks.text(120), self.cleaned_data["name"].strip()))

    def clean_slug(self) -> str:
        """Proposed from the name, which may have no letter that could stand in an address."""
        typed = self.cleaned_data["slug"].strip()
        proposed = typed or slugify(self.cleaned_data.get("name", ""))[:63].strip("-_")
        if not proposed and "name" in self.cleaned_data:
            raise forms.ValidationError(_("The name has no letters for it. Type one, such as daily-calls."))
        return str(_checked(checks.tenant_slug, proposed)) if proposed else ""

    def clean_owner(self) -> str:
        return str(_checked(checks.email, self.cleaned_data["owner"]))

    def clean(self) -> dict[str, Any]:
        """Every tag that a chosen report needs has a value."""
        cleaned = super().clean() or {}
        for report in self._chosen(cleaned):
            for key in [] if report.is_open else report.required_tags:
                if TAG + key in cleaned and not cleaned[TAG + key].strip():
                    self.add_error(TAG + key, _("%(report)s needs a value.") % {"report": report.name})
        if not self.errors:
            self._check_tags(cleaned)
        return cleaned

    def wanted(self, staff: User) -> Wanted:
        """Named after the person and the form: nobody can send another's twice."""
        cleaned = self.cleaned_data
        pk = uuid.uuid5(uuid.NAMESPACE_OID, f"tenant by {staff.pk} {cleaned['form_key']}")
        return Wanted(pk, cleaned["name"], cleaned["slug"], cleaned["timezone"], _tags(cleaned), self._chosen(cleaned), cleaned["owner"])

    def _chosen(self, cleaned: dict[str, Any]) -> list[Report]:
        return [report for report in self.catalogue if report.slug in cleaned.get("reports", ())]

    def _check_tags(self, cleaned: dict[str, Any]) -> None:
        try:
            checks.session_tags(_tags(cleaned))
        except Bad as bad:
            self.add_error(None, f"{_('Session tags')}: {bad}")

    def _needed_by(self) -> dict[str, list[str]]:
        needed: dict[str, list[str]] = defaultdict(list)
        for report in self.catalogue:
            for key in [] if report.is_open else report.required_tags:
                needed[key].append(report.name)
        return dict(sorted(needed.items()))


class InviteOwnerForm(ReasonForm):
    owner = forms.CharField(
        label=gettext_lazy("Email of its first owner"), max_length=254, error_messages=NO_OWNER, widget=forms.EmailInput(NO_SUGGESTIONS)
    )
    field_order = ("owner", "because")

    def clean_owner(self) -> str:
        return str(_checked(checks.email, self.cleaned_data["owner"]))


def _needed(names: list[str]) -> str:
    told, more = ", ".join(names[:NAMED]), len(names) - NAMED
    if more <= 0:
        return _("Needed by %(reports)s.") % {"reports": told}
    return ngettext("Needed by %(reports)s and %(n)d more.", "Needed by %(reports)s and %(n)d more.", more) % {"reports": told, "n": more}


def _tags(cleaned: dict[str, Any]) -> dict[str, str]:
    """Those that were typed."""
    return {name.removeprefix(TAG): value for name, value in cleaned.items() if name.startswith(TAG) and value.strip()}


def _checked(check: Check, value: str) -> Any:
    try:
        return check(value)
    except Bad as bad:
        sentence = str(bad)
        raise forms.ValidationError(sentence[:1].upper() + sentence[1:]) from None
