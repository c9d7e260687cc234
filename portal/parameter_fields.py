"""A report's typed parameters as form fields. They only read what was typed; reports/parameters.py decides what is right."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from reports.models import ReportParameter

Type = ReportParameter.Type
INPUT, SELECT, TEXTAREA = {"class": "input"}, {"class": "select"}, {"class": "textarea", "rows": 3}
DAY_LENGTH = len("2026-11-22")
PREFIX = "parameter-"
MINUTES = "%Y-%m-%dT%H:%M"


class LinesField(forms.CharField):
    """Several values, one a line."""

    def __init__(self, one: forms.Field, **options: Any) -> None:
        super().__init__(widget=forms.Textarea(TEXTAREA), help_text=_("One value a line."), **options)
        self.one = one

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(str(line) for line in value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[Any]:
        return [self.one.clean(line.strip()) for line in super().clean(value).splitlines() if line.strip()]


def field_name(parameter: ReportParameter) -> str:
    """Names of parameters may hold anything; positions do not."""
    return f"{PREFIX}{parameter.position}"


def field_for(parameter: ReportParameter) -> forms.Field:
    """Filled with the parameter's default and then required: what the page shows is what is sent."""
    default = parameter.default
    if parameter.choices is not None:
        return _choice(parameter)
    if parameter.multiple:
        return LinesField(_single(parameter), label=parameter.name, initial=default)
    field = _single(parameter)
    field.initial = default[0] if isinstance(default, list) else default
    if isinstance(field, forms.DateTimeField) and field.initial:
        field.initial = timezone.localtime(datetime.fromisoformat(field.initial))
    return field


def _choice(parameter: ReportParameter) -> forms.Field:
    options: dict[str, Any] = {"label": parameter.name, "initial": _texts(parameter.default)}
    options["choices"] = [(str(choice), str(choice)) for choice in parameter.choices or []]
    if parameter.multiple:
        return forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple, **options)
    options["initial"] = options["initial"][0] if options["initial"] else None
    return forms.ChoiceField(widget=forms.Select(SELECT), **options)


def _single(parameter: ReportParameter) -> forms.Field:
    label = parameter.name
    if parameter.type == Type.INTEGER:
        return forms.IntegerField(label=label, widget=forms.NumberInput(INPUT))
    if parameter.type == Type.DECIMAL:
        return forms.FloatField(label=label, widget=forms.NumberInput(INPUT | {"step": "any"}))
    if parameter.type == Type.DATETIME and _is_day(parameter.default):
        return forms.DateField(label=label, widget=forms.DateInput(INPUT | {"type": "date"}, format="%Y-%m-%d"))
    if parameter.type == Type.DATETIME:
        clock = forms.DateTimeInput(INPUT | {"type": "datetime-local"}, format=MINUTES)
        return forms.DateTimeField(label=label, widget=clock, input_formats=[MINUTES])
    return forms.CharField(label=label, widget=forms.TextInput(INPUT))


def _is_day(default: Any) -> bool:
    """Whether a day is asked for rather than a moment: a day, unless the default is a moment."""
    return all(len(str(value)) == DAY_LENGTH for value in _texts(default))


def as_json(parameter: ReportParameter, value: Any) -> Any:
    """A cleaned value as reports/parameters.py takes it."""
    if isinstance(value, list):
        return [as_json(parameter, single) for single in value]
    if parameter.choices is not None:
        return {str(choice): choice for choice in parameter.choices}[value]
    return value.isoformat() if isinstance(value, date) else value


def _texts(default: Any) -> list[str]:
    values = default if isinstance(default, list) else [] if default is None else [default]
    return [str(value) for value in values]
