"""The fields of a cadence: how often, on which days, at what time. reports/cadence.py turns them into cron and back."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from portal.forms import always_filled
from portal.parameter_fields import INPUT, SELECT
from reports.cadence import HOURS, Cadence, Kind, day_choices

USUAL = Cadence(Kind.WEEKDAYS, at=time(7, 30))
MONO = {"class": "input input--mono", "autocapitalize": "off", "spellcheck": "false"}


def fields(cron: str) -> dict[str, forms.Field]:
    """By name; filled with what a cron expression means, without one with a usual cadence."""
    shown = Cadence.from_cron(cron) if cron else USUAL
    days = [(str(number), WEEKDAYS[number - 1]) for number in range(1, 8)]
    every = [(str(hours), hours) for hours in HOURS]
    made: dict[str, forms.Field] = {
        "how": forms.ChoiceField(label=_("How often"), choices=Kind.choices, initial=shown.kind, widget=forms.RadioSelect),
        "at": forms.TimeField(
            label=_("At"), required=False, initial=shown.at, widget=forms.TimeInput(INPUT | {"type": "time"}, format="%H:%M")
        ),
        "every": forms.ChoiceField(
            label=_("Every … hours"), choices=every, required=False, initial=str(shown.every_hours), widget=forms.Select(SELECT)
        ),
        "weekdays": forms.MultipleChoiceField(
            label=_("On"), choices=days, required=False, initial=[str(day) for day in shown.weekdays], widget=forms.CheckboxSelectMultiple
        ),
        "month_day": forms.ChoiceField(
            label=_("On"), choices=day_choices(), required=False, initial=shown.day, widget=forms.Select(SELECT)
        ),
        "cron": forms.CharField(
            label=_("Cron expression"),
            required=False,
            max_length=120,
            initial=cron,
            help_text=_("Minute, hour, day of month, month, day of week; or @daily and its like."),
            widget=forms.TextInput(MONO),
        ),
    }
    return {name: always_filled(field) for name, field in made.items()}


def read(cleaned: dict[str, Any]) -> str:
    """As cron. Empty: something is missing."""
    how, at, weekdays = cleaned.get("how", ""), cleaned.get("at"), cleaned.get("weekdays") or []
    if how == Kind.CRON:
        return str(cleaned.get("cron", "")).strip()
    if not how or at is None or (how == Kind.WEEKLY and not weekdays):
        return ""
    every, day = int(cleaned.get("every") or 1), cleaned.get("month_day") or "1"
    return Cadence(how, at, every, tuple(int(number) for number in weekdays), day).to_cron()


def field_at_fault(cleaned: dict[str, Any]) -> str:
    """Where a fault of the cron expression is shown."""
    how = cleaned.get("how")
    if how == Kind.WEEKLY and not cleaned.get("weekdays"):
        return "weekdays"
    return "cron" if how == Kind.CRON else "at"


def missing(cleaned: dict[str, Any]) -> Any:
    """What has to be filled in before there is a cron expression at all; empty: nothing."""
    if read(cleaned) or cleaned.get("how") == Kind.CRON:
        return ""
    return _("Choose at least one day.") if field_at_fault(cleaned) == "weekdays" else _("Say at what time.")
