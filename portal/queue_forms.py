"""Forms of the queue. Each act is written down with its reason."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.recipient_forms import INPUT, PlainForm
from reports.jobs import MOST_REASON
from tenants.shares import Shares

MOST_WEIGHT, MOST_SLOTS, MOST_JOBS = 1000, 32_767, 2_147_483_647


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


class SharesForm(ReasonForm):
    weight = forms.FloatField(
        label=_("Weight"),
        min_value=0.01,
        max_value=MOST_WEIGHT,
        widget=forms.NumberInput(INPUT | {"step": "any"}),
        help_text=_("Turns against others that wait: 1 is normal, 2 gets twice the jobs."),
    )
    max_running = forms.IntegerField(
        label=_("Slots at once"),
        required=False,
        min_value=1,
        max_value=MOST_SLOTS,
        widget=forms.NumberInput(INPUT),
        help_text=_("Of each account. Empty: as many as there are."),
    )
    max_waiting = forms.IntegerField(
        label=_("Waiting jobs"),
        required=False,
        min_value=1,
        max_value=MOST_JOBS,
        widget=forms.NumberInput(INPUT),
        help_text=_("More are refused. Empty: any number."),
    )
    field_order = ("weight", "max_running", "max_waiting", "because")

    def __init__(self, shares: Shares, data: Any = None) -> None:
        super().__init__(data, initial=vars(shares) | {"weight": f"{shares.weight:g}"})

    def shares(self) -> Shares:
        return Shares(**{name: self.cleaned_data[name] for name in ("weight", "max_running", "max_waiting")})
