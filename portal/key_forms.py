"""Forms of the API keys page. They only read what was chosen; tenants/keys.py decides what is right."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms import boxes
from portal.key_words import WORDS
from portal.recipient_forms import INPUT, SELECT, PlainForm
from tenants import key_scopes, keys
from tenants.keys import KeyRefused
from tenants.models import ApiKey
from tenants.models.members import Role

LASTS = [(7, _("1 week")), (30, _("30 days")), (90, _("90 days")), (keys.USUAL.days, _("1 year")), (keys.LONGEST.days, _("2 years"))]
GOES_ON = [
    (0, _("It ends at once")),
    (1, _("1 day")),
    (keys.GOES_ON.days, _("1 week")),
    (30, _("30 days")),
    (keys.GOES_ON_AT_MOST.days, _("90 days")),
]


class DaysField(forms.TypedChoiceField):
    def __init__(self, label: Any, choices: list[tuple[int, Any]], initial: timedelta, help_text: Any = "") -> None:
        super().__init__(
            label=label,
            choices=choices,
            initial=initial.days,
            coerce=lambda days: timedelta(days=int(days)),
            widget=forms.Select(SELECT),
            help_text=help_text,
        )


class KeyForm(PlainForm):
    name = forms.CharField(
        label=_("Name"),
        max_length=ApiKey.NAME_LENGTH,
        widget=forms.TextInput(INPUT | {"autocomplete": "off"}),
        help_text=_("The program that will hold it, such as data-lake."),
    )
    lasts = DaysField(_("Ends after"), LASTS, keys.USUAL, _("A fresh one takes its place without a gap: see Replace in the list."))

    def __init__(self, role: Role, data: Any = None) -> None:
        super().__init__(data, initial={"scopes": ["jobs:read", "jobs:write"]})
        given = key_scopes.of_role(role)
        self.fields["scopes"] = boxes(_("What it may do"), [(scope, words) for scope, words in WORDS.items() if scope in given])

    def wanted(self) -> keys.Wanted:
        return keys.Wanted(self.cleaned_data["name"], self.cleaned_data["scopes"], self.cleaned_data["lasts"])

    def cannot(self, refused: KeyRefused) -> None:
        self.add_error(refused.about if refused.about in self.fields else None, refused.detail)


class ReplaceForm(PlainForm):
    goes_on = DaysField(_("The present key works for"), GOES_ON, keys.GOES_ON, _("Long enough to put the new one into your program."))
    lasts = DaysField(_("The new key ends after"), LASTS, keys.USUAL)
