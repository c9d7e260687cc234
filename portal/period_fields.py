"""A report's parameters in a schedule: as when a report is run, and for days also a period that moves with the planned day.

They only read what was typed; reports/parameters.py decides what is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms import always_filled
from portal.parameter_fields import INPUT, SELECT, as_json, field_for, field_name
from reports import periods
from reports.models import ReportParameter

FIXED = ""
PARTS = (
    ("start", _("its first day")),
    ("end", _("its last day")),
    ("end_exclusive", _("the day after it")),
)
COUNTED = {"last_n_days": _("Last … days"), "last_n_months": _("Last … months")}


@dataclass(frozen=True)
class Drawn:
    """The bound fields of one parameter; without `period` there is only `value`."""

    name: str
    value: forms.BoundField
    period: forms.BoundField | None = None
    part: forms.BoundField | None = None
    number: forms.BoundField | None = None


def moves(parameter: ReportParameter) -> bool:
    return parameter.type == ReportParameter.Type.DATETIME and not parameter.multiple


def period_choices() -> list[tuple[str, Any]]:
    named = [(name, words) for name, words in periods.NAMES.items() if name not in COUNTED]
    return [(FIXED, _("A fixed day")), *named, *COUNTED.items()]


def fields_of(parameter: ReportParameter, kept: Any) -> dict[str, forms.Field]:
    """By name. `kept`: what the schedule has, as reports/parameters.py takes it; None: nothing, so the report's default stands there."""
    name, value = field_name(parameter), field_for(parameter)
    if not moves(parameter):
        value.initial = _initial(value, parameter, kept)
        return {name: value}
    relative: dict[str, Any] = kept if isinstance(kept, dict) else {}
    value.initial = _initial(value, parameter, None if relative else kept)
    value.required, value.label = False, _("Day")
    made = {
        name: value,
        f"{name}-period": forms.ChoiceField(
            label=_("Period"),
            choices=period_choices(),
            required=False,
            initial=relative.get("relative", FIXED),
            widget=forms.Select(SELECT),
        ),
        f"{name}-n": forms.IntegerField(
            label=_("How many"),
            min_value=1,
            max_value=periods.MAX_N,
            required=False,
            initial=relative.get("n", 7),
            widget=forms.NumberInput(INPUT),
        ),
        f"{name}-part": forms.ChoiceField(
            label=_("Of it"), choices=PARTS, required=False, initial=relative.get("part", "start"), widget=forms.Select(SELECT)
        ),
    }
    return {name: always_filled(field) for name, field in made.items()}


def drawn(form: forms.Form, parameter: ReportParameter) -> Drawn:
    name = field_name(parameter)
    if not moves(parameter):
        return Drawn(parameter.name, form[name])
    return Drawn(parameter.name, form[name], form[f"{name}-period"], form[f"{name}-part"], form[f"{name}-n"])


def read(parameter: ReportParameter, cleaned: dict[str, Any]) -> Any:
    """As reports/parameters.py takes it. None: nothing was given."""
    name = field_name(parameter)
    period = cleaned.get(f"{name}-period", FIXED) if moves(parameter) else FIXED
    if not period:
        value = cleaned.get(name)
        return as_json(parameter, value) if value not in (None, "") else None
    wish = {"relative": period, "part": cleaned.get(f"{name}-part") or "start"}
    return wish | {"n": cleaned.get(f"{name}-n")} if period in COUNTED else wish


def _initial(field: forms.Field, parameter: ReportParameter, kept: Any) -> Any:
    if kept is None:
        return field.initial
    if parameter.multiple or not isinstance(kept, list):
        return kept
    return kept[0] if kept else None
