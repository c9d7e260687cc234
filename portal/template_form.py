"""The form of a template over tenants. It only reads what was typed; reports/templates/checking.py decides what is right."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal import cadence_fields, period_fields
from portal.forms import Renderer, boxes
from portal.parameter_fields import INPUT, SELECT, TEXTAREA, field_name
from reports.mails.variables import VARIABLES
from reports.models import Format, Report, Schedule, ScheduleTemplate
from reports.refused import Refused

SAME = ("name", "missed", "ready_by", "subject", "message", "attach", "release", "usual_percent", "must_contain", "hold_hours")
GATE = ("release", "usual_percent", "must_contain", "hold_hours")
# Where a fault is shown that has no field of its own name.
AT = {"visual_ids": "visuals"}


class ReportForm(forms.Form):
    """Which report a new template is of: the fields of the next page are that one's."""

    default_renderer = Renderer
    report = forms.ChoiceField(label=_("Report"), widget=forms.Select(SELECT))

    def __init__(self, reports: list[Report], data: Any = None) -> None:
        super().__init__(data)
        self.fields["report"].choices = [(report.slug, report.name) for report in reports]  # type: ignore[attr-defined]


class TemplateForm(forms.Form):
    """`template`: the one that is changed, or None."""

    default_renderer = Renderer

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("Tenants see it, too."), widget=forms.TextInput(INPUT))
    slug = forms.SlugField(
        label=_("Short name"),
        max_length=60,
        help_text=_("Such as month-close. It stays, and its schedules have it, too."),
        widget=forms.TextInput(INPUT | {"autocapitalize": "off", "spellcheck": "false"}),
    )
    ready_by = forms.TimeField(label=_("Ready by"), required=False, widget=forms.TimeInput(INPUT | {"type": "time"}, format="%H:%M"))
    missed = forms.ChoiceField(
        label=_("Runs missed while the portal was down"), choices=Schedule.Missed.choices, widget=forms.Select(SELECT)
    )
    subject = forms.CharField(label=_("Subject"), required=False, max_length=200, widget=forms.TextInput(INPUT))
    message = forms.CharField(label=_("Message"), required=False, max_length=4000, widget=forms.Textarea(TEXTAREA))
    attach = forms.BooleanField(label=_("Attach small files to the email, where the tenant allows it"), required=False)
    skip_if_empty = forms.BooleanField(label=_("Send nothing when the report is empty"), required=False)
    release = forms.ChoiceField(label=_("Files"), choices=Schedule.Release.choices, widget=forms.Select(SELECT))
    usual_percent = forms.IntegerField(
        label=_("Unusual from"),
        min_value=1,
        max_value=500,
        help_text=_("Percent away from the middle of the last runs."),
        widget=forms.NumberInput(INPUT),
    )
    must_contain = forms.CharField(
        label=_("Text that every file shows"),
        required=False,
        max_length=120,
        help_text=_("{tenant} becomes each tenant’s name. Empty: none."),
        widget=forms.TextInput(INPUT),
    )
    hold_hours = forms.IntegerField(
        label=_("Held for at most"),
        min_value=1,
        max_value=168,
        help_text=_("Hours. If nobody decides by then, nothing is sent."),
        widget=forms.NumberInput(INPUT),
    )

    def __init__(self, report: Report, data: Any = None, *, template: ScheduleTemplate | None = None) -> None:
        shown = template or ScheduleTemplate(report=report, formats=report.formats[:1])
        super().__init__(data, initial={name: getattr(shown, name) for name in (*SAME, "skip_if_empty", "version", "formats")})
        self.report, self.declared = report, list(report.parameters.all())
        self._add_contents(shown)
        for name, field in cadence_fields.fields(shown.cron).items():
            self.fields[name] = field
        if template is not None:
            del self.fields["slug"]
        if Format.CSV not in report.formats:
            del self.fields["skip_if_empty"]

    def _add_contents(self, shown: ScheduleTemplate) -> None:
        report = self.report
        self.fields["formats"] = boxes(_("Format"), [(name, Format(name).label) for name in report.formats])
        if len(report.visual_ids) > 1 and set(report.formats) != {Format.PDF}:
            self.fields["visuals"] = boxes(_("Tables in CSV and Excel"), [(v, v) for v in report.visual_ids], required=False)
            self.initial["visuals"] = shown.visual_ids or report.visual_ids
        for parameter in self.declared:
            self.fields.update(period_fields.fields_of(parameter, shown.parameters.get(parameter.name)))

    @property
    def variables(self) -> dict[str, Any]:
        return {f"{{{name}}}": told for name, told in VARIABLES.items()}

    def boxes(self) -> list[forms.BoundField]:
        return [self[name] for name in ("attach", "skip_if_empty") if name in self.fields]

    def gate(self) -> list[forms.BoundField]:
        return [self[name] for name in GATE]

    def parameters(self) -> list[period_fields.Drawn]:
        return [period_fields.drawn(self, parameter) for parameter in self.declared]

    def values(self) -> dict[str, Any]:
        """As reports.templates.making takes them, without the report."""
        cleaned = self.cleaned_data
        values: dict[str, Any] = {name: cleaned[name] for name in (*SAME, "slug", "formats") if name in cleaned}
        given = {parameter.name: period_fields.read(parameter, cleaned) for parameter in self.declared}
        values["parameters"] = {name: value for name, value in given.items() if value is not None}
        chosen = cleaned.get("visuals", [])
        values["visual_ids"] = [] if set(chosen) == set(self.report.visual_ids) else chosen
        values["cron"] = cadence_fields.read(cleaned)
        values["skip_if_empty"] = cleaned.get("skip_if_empty", False)
        values["message"] = values.get("message", "").replace("\r\n", "\n")
        return values

    def refuse(self, refused: Refused) -> None:
        """Each fault at its field, or on top of the form where it has none."""
        names: dict[tuple[str, ...], str] = {("parameters", parameter.name): field_name(parameter) for parameter in self.declared}
        names[("cron",)] = cadence_fields.field_at_fault(self.cleaned_data)
        for place in refused.places:
            name = names.get(place.path) or AT.get(place.path[0], place.path[0])
            detail = cadence_fields.missing(self.cleaned_data) if place.path == ("cron",) else ""
            self.add_error(name if name in self.fields else None, detail or place.detail)
        if not refused.places:
            self.add_error(None, refused.detail)
