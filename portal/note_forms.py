"""The form of what staff tell everybody on the page of the service's status. Times are UTC, as all of staff's are."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.parameter_fields import MINUTES
from portal.recipient_forms import INPUT, SELECT, PlainForm
from reports.models import ServiceNote

CLOCK = forms.DateTimeInput(INPUT | {"type": "datetime-local"}, format=MINUTES)


class NoteForm(PlainForm):
    kind = forms.ChoiceField(label=_("What it is"), choices=ServiceNote.Kind, widget=forms.Select(SELECT))
    title = forms.CharField(label=_("Title"), max_length=80, widget=forms.TextInput(INPUT), help_text=_("Such as “Emails are late”."))
    text = forms.CharField(
        label=_("Text"),
        max_length=400,
        required=False,
        widget=forms.Textarea({"class": "textarea", "rows": 3}),
        help_text=_("What it means for people and what goes on working. Everybody can read it: name no company and no report."),
    )
    begins_at = forms.DateTimeField(label=_("Begins, UTC"), widget=CLOCK, input_formats=[MINUTES])
    ends_at = forms.DateTimeField(
        label=_("Ends, UTC"),
        required=False,
        widget=CLOCK,
        input_formats=[MINUTES],
        help_text=_("Empty: until somebody ends it."),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        begins, ends = given.get("begins_at"), given.get("ends_at")
        if begins and ends and ends < begins:
            self.add_error("ends_at", _("It ends before it begins."))
        return given
