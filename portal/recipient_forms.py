"""Forms of the address book. They only read what was typed; reports/address_book/ decides what is right."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from portal.forms import Renderer, boxes
from reports.address_book.people import Person
from reports.models import RecipientGroup
from reports.refused import Refused

INPUT, SELECT = {"class": "input"}, {"class": "select"}
LANGUAGES = [("", _("The company's")), *settings.LANGUAGES]


class PlainForm(forms.Form):
    default_renderer = Renderer

    def refuse(self, refused: Refused) -> None:
        """Each fault at its field, or on top of the form where it has none."""
        for place in refused.places:
            name = place.path[0]
            self.add_error(name if name in self.fields else None, place.detail)
        if not refused.places:
            self.add_error(None, refused.detail)


class PersonForm(PlainForm):
    email = forms.CharField(label=_("Email"), max_length=1000, required=False, widget=forms.EmailInput(INPUT | {"autocomplete": "off"}))
    name = forms.CharField(label=_("Name"), max_length=1000, required=False, widget=forms.TextInput(INPUT | {"autocomplete": "off"}))
    language = forms.ChoiceField(label=_("Language of the emails"), required=False, choices=LANGUAGES, widget=forms.Select(SELECT))

    def __init__(self, groups: list[RecipientGroup], data: Any = None, recipient: Any = None) -> None:
        """`recipient`: as listing.with_groups gives it, or None for a new one."""
        first = {"groups": list(map(str, recipient.group_ids))} if recipient else {}
        names = ("email", "name", "language")
        super().__init__(data, initial={name: getattr(recipient, name) for name in names} | first if recipient else {})
        self.fields["email"].required = True
        if recipient:
            self.fields["email"].help_text = _("Another address counts from the next run. Links that were sent to the old one stay open.")
        if groups:
            self.fields["groups"] = boxes(_("Groups"), [(str(group.pk), group.name) for group in groups], required=False)

    def person(self) -> Person:
        cleaned = self.cleaned_data
        groups = frozenset(cleaned["groups"]) if "groups" in self.fields else None
        return Person(cleaned["email"], cleaned["name"], cleaned["language"], groups)


class GroupForm(PlainForm):
    name = forms.CharField(label=_("Name"), max_length=1000, widget=forms.TextInput(INPUT | {"autocomplete": "off"}))


class JoinForm(PlainForm):
    """Who joins a group: addresses of people in the book, divided by anything that no address has."""

    people = forms.CharField(
        label=_("Add people"),
        max_length=100_000,
        help_text=_("Addresses of people in the list, one a line or with commas."),
        widget=forms.Textarea({"class": "textarea", "rows": 3}),
    )

    def addresses(self) -> list[str]:
        return list(dict.fromkeys(part.lower() for part in re.split(r"[\s,;]+", self.cleaned_data["people"]) if part))


class RemoveForm(forms.Form):
    revoke_links = forms.BooleanField(required=False, initial=True)


class EraseForm(PlainForm):
    """Who types the address means it."""

    address = forms.CharField(label=_("Type the address"), max_length=254, widget=forms.EmailInput(INPUT | {"autocomplete": "off"}))
    because = forms.CharField(
        label=_("Reason"),
        max_length=300,
        widget=forms.Textarea({"class": "textarea", "rows": 3}),
        help_text=_("One sentence, without the address: it stays on record."),
    )

    def __init__(self, data: Any = None, expected: str = "") -> None:
        """`expected`: whose page it is; empty: anybody's."""
        super().__init__(data)
        self.expected = expected
        if expected:
            self.fields["address"].help_text = _("To confirm: %(email)s") % {"email": expected}

    def clean_address(self) -> str:
        typed = str(self.cleaned_data["address"]).strip().lower()
        if self.expected and typed != self.expected:
            raise forms.ValidationError(_("This is not the address of the person on this page."))
        return typed

    def refuse(self, refused: Refused) -> None:
        names = {"email": "address"}
        for place in refused.places:
            name = names.get(str(place.path[0]), str(place.path[0]))
            self.add_error(name if name in self.fields else None, place.detail)
        if not refused.places:
            self.add_error(None, refused.detail)


class UploadForm(forms.Form):
    """The first step: a file, or the text of one."""

    file = forms.FileField(required=False, widget=forms.FileInput({"accept": ".csv,text/csv,text/plain"}))
    text = forms.CharField(required=False, strip=False, widget=forms.Textarea({"class": "textarea mono", "rows": 6}))
