"""Forms of a company's retention, for platform staff. Each act is written down with its reason."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.queue_forms import ReasonForm
from portal.recipient_forms import INPUT
from tenants.models.tenant import MOST_RETENTION_DAYS


class DaysForm(ReasonForm):
    retention_days = forms.IntegerField(
        label=_("Days"),
        min_value=1,
        max_value=MOST_RETENTION_DAYS,
        widget=forms.NumberInput(INPUT),
        help_text=_("From 1 to 400. Fewer days take effect at once: files past them are removed within a quarter of an hour."),
    )
    field_order = ("retention_days", "because")

    def __init__(self, days: int, data: Any = None) -> None:
        super().__init__(data, initial={"retention_days": days}, auto_id="days_%s")


class HoldForm(ReasonForm):
    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="hold_%s")
