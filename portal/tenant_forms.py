"""Forms of one company's pages for platform staff. Each act is written down with its reason."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.queue_forms import ReasonForm
from portal.recipient_forms import INPUT
from reports.models import Report
from reports.quotas import Quotas
from tenants.models import Tenant
from tenants.shares import Shares

MOST_WEIGHT, MOST_SLOTS, MOST_JOBS = 1000, 32_767, 2_147_483_647
GB = 1_000_000_000
MOST_GB = 1_000_000


class LimitsForm(ReasonForm):
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
    jobs_per_day = forms.IntegerField(
        label=_("Jobs a day"),
        required=False,
        min_value=0,
        max_value=MOST_JOBS,
        widget=forms.NumberInput(INPUT),
        help_text=_("By hand and by API, of its own days; schedules go on. Empty: any number."),
    )
    max_recipients = forms.IntegerField(
        label=_("Recipients"),
        required=False,
        min_value=0,
        max_value=MOST_JOBS,
        widget=forms.NumberInput(INPUT),
        help_text=_("People of its address book. Empty: any number."),
    )
    storage_gb = forms.DecimalField(
        label=_("Storage, GB"),
        required=False,
        min_value=0,
        max_value=MOST_GB,
        decimal_places=3,
        widget=forms.NumberInput(INPUT | {"step": "any"}),
        help_text=_("Of its files. At the limit no report is made. Empty: any size."),
    )
    field_order = ("weight", "max_running", "max_waiting", "jobs_per_day", "max_recipients", "storage_gb", "because")

    def __init__(self, tenant: Tenant, data: Any = None) -> None:
        initial: dict[str, Any] = {name: getattr(tenant, name) for name in ("max_running", "max_waiting", "jobs_per_day", "max_recipients")}
        storage = tenant.max_storage_bytes
        initial |= {"weight": f"{tenant.weight:g}", "storage_gb": None if storage is None else Decimal(storage) / GB}
        super().__init__(data, initial=initial)

    def shares(self) -> Shares:
        return Shares(**{name: self.cleaned_data[name] for name in ("weight", "max_running", "max_waiting")})

    def quotas(self) -> Quotas:
        storage = self.cleaned_data["storage_gb"]
        names = ("jobs_per_day", "max_waiting", "max_recipients")
        return Quotas(max_storage_bytes=None if storage is None else int(storage * GB), **{name: self.cleaned_data[name] for name in names})


class GrantForm(ReasonForm):
    report = forms.ChoiceField(label=_("Report"), widget=forms.Select({"class": "select"}))
    field_order = ("report", "because")

    def __init__(self, reports: list[Report], data: Any = None) -> None:
        super().__init__(data)
        self.fields["report"].choices = [(report.slug, report.name) for report in reports]  # type: ignore[attr-defined]


class SuspendForm(ReasonForm):
    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.fields["because"].help_text = _("One sentence. The company’s own people read it when they come; its customers do not.")
