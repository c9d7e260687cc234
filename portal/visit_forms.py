"""What staff say before they look at a company as one of its people would."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.recipient_forms import PlainForm
from tenants.models.members import Role

INPUT = {"class": "input", "autocomplete": "off"}
REASON = {"class": "textarea", "rows": 3}


class VisitForm(PlainForm):
    role = forms.ChoiceField(label=_("As"), choices=Role.choices, initial=Role.VIEWER, widget=forms.Select({"class": "select"}))
    ticket = forms.CharField(label=_("Ticket"), max_length=40, widget=forms.TextInput(INPUT))
    reason = forms.CharField(
        label=_("Reason"), max_length=300, widget=forms.Textarea(REASON), help_text=_("The company reads it in its own audit log.")
    )


class RaiseForm(PlainForm):
    reason = forms.CharField(
        label=_("Why you have to act"),
        max_length=300,
        widget=forms.Textarea(REASON),
        help_text=_("The company reads it in its own audit log."),
    )
