"""Forms of the queue. Each act is written down with its reason."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.recipient_forms import PlainForm
from reports.recalling import MOST_REASON


class ReasonForm(PlainForm):
    because = forms.CharField(
        label=_("Reason"),
        max_length=MOST_REASON,
        widget=forms.Textarea({"class": "textarea", "rows": 3}),
        help_text=_("One sentence for whoever looks later. It is kept in the audit trail."),
    )


class PauseForm(ReasonForm):
    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.fields["because"].help_text = _("One sentence. Those whose reports wait read it.")
