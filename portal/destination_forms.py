"""Forms of the destinations' pages. They only read what was typed; reports/destinations/ decides what is right."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms import always_filled
from portal.recipient_forms import INPUT, SELECT, PlainForm
from reports.destinations import checking, naming
from reports.destinations.config import OUR_KEY, PASSWORD
from reports.destinations.making import MOST_NAME, MOST_SECRET, Wanted
from reports.models import Destination
from reports.refused import Refused

Kind = Destination.Kind
PLAIN = INPUT | {"autocomplete": "off"}
MONO = {"class": "input input--mono", "autocomplete": "off", "spellcheck": "false"}
SIGN_IN = [(PASSWORD, _("A password")), (OUR_KEY, _("A key that we make"))]
KEEP = _("Left empty, it stays as it is.")


class DestinationForm(PlainForm):
    """`destination`: the one that is changed; None: it is a new one. What was typed as a secret is never drawn again."""

    name = forms.CharField(
        label=_("Name"), max_length=MOST_NAME, widget=forms.TextInput(PLAIN), help_text=_("By which your people know it.")
    )

    def __init__(self, kind: str, data: Any = None, destination: Destination | None = None) -> None:
        self.kind, self.destination = Kind(kind), destination
        self.defaults = checking.DEFAULTS[self.kind]
        first = {name: default for name, default in self.defaults.items() if default is not None}
        super().__init__(data, initial=first | ({"name": destination.name} | destination.config if destination else {}))
        self.fields |= FIELDS[self.kind]()
        if destination and destination.sealed_secret and "secret" in self.fields:
            self.fields["secret"].help_text = KEEP_WITH[self.kind]
            self.fields["secret"].required = False

    def look_up(self) -> None:
        """Whether we may call there. Outside any scope: it asks the domain name system."""
        if not self.is_valid():
            return
        try:
            checking.reach(self.kind, self.members(), self.typed_secret())
        except Refused as refused:
            self.refuse(refused)

    def wanted(self) -> Wanted:
        return Wanted(self.cleaned_data["name"], self.members(), self.typed_secret())

    def members(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.defaults if self.cleaned_data.get(name) not in (None, "")}

    def typed_secret(self) -> str | None:
        """Not by the field's name: where a kind has none, a template would find this in its place."""
        return self.cleaned_data.get("secret") or None

    def refuse(self, refused: Refused) -> None:
        """Each fault at its field, or on top of the form where it has none."""
        for place in refused.places:
            name = place.path[-1]
            self.add_error(name if name in self.fields else None, place.detail)
        if not refused.places:
            self.add_error(None, refused.detail)


class PinForm(forms.Form):
    """The key that the page was drawn with: what is pinned is what somebody looked at."""

    host_key = forms.CharField(max_length=2000)


def _sftp() -> dict[str, forms.Field]:
    return {
        "host": forms.CharField(label=_("Server"), max_length=255, widget=forms.TextInput(PLAIN | {"placeholder": "sftp.example.com"})),
        "port": forms.IntegerField(label=_("Port"), widget=forms.NumberInput(INPUT)),
        "username": forms.CharField(label=_("User"), max_length=255, widget=forms.TextInput(PLAIN)),
        "sign_in": forms.ChoiceField(label=_("Sign in with"), choices=SIGN_IN, widget=forms.Select(SELECT)),
        "secret": always_filled(_secret(_("Password"), _("Not needed with our key."), required=False)),
    } | _names(_("Where files go on the server."))


def _s3() -> dict[str, forms.Field]:
    role = _("Of the bucket’s account. Its trust policy is shown once the destination is saved.")
    owner = _("12 digits. We refuse to write if the bucket belongs to somebody else.")
    return {
        "bucket": forms.CharField(label=_("Bucket"), max_length=63, widget=forms.TextInput(PLAIN)),
        "region": forms.CharField(label=_("Region"), max_length=32, widget=forms.TextInput(PLAIN | {"placeholder": "eu-west-1"})),
        "role_arn": forms.CharField(label=_("Role we take on"), max_length=600, help_text=role, widget=forms.TextInput(MONO)),
        "owner_account": forms.CharField(
            label=_("Owner account of the bucket"), max_length=12, required=False, help_text=owner, widget=forms.TextInput(MONO)
        ),
    } | _names(_("Without a slash in front."))


def _chat() -> dict[str, forms.Field]:
    return {"secret": _secret(_("Address of the channel’s webhook"), _("Whoever has it may write there. It is never shown again."))}


def _names(where: Any) -> dict[str, forms.Field]:
    words = ", ".join(f"{{{name}}}" for name in naming.FILE_WORDS)
    return {
        "folder": forms.CharField(label=_("Folder"), max_length=200, required=False, help_text=where, widget=forms.TextInput(MONO)),
        "file_name": forms.CharField(
            label=_("File name"),
            max_length=200,
            help_text=_("You can use %(words)s. A name that exists gets -2.") % {"words": words},
            widget=forms.TextInput(MONO),
        ),
    }


def _secret(label: Any, help_text: Any, *, required: bool = True) -> forms.CharField:
    widget = forms.PasswordInput({"class": "input", "autocomplete": "new-password"})
    return forms.CharField(label=label, max_length=MOST_SECRET, strip=False, required=required, help_text=help_text, widget=widget)


FIELDS = {Kind.SFTP: _sftp, Kind.S3: _s3, Kind.SLACK: _chat, Kind.TEAMS: _chat}
KEEP_WITH = {Kind.SFTP: _("Left empty, it stays as it is. Another server or port needs it again."), Kind.SLACK: KEEP, Kind.TEAMS: KEEP}
