"""The form that runs a report: its formats, perhaps its tables, and its open parameters."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django import forms
from django.forms.renderers import DjangoTemplates
from django.template import loader
from django.utils.translation import gettext_lazy as _

from portal.parameter_fields import as_json, field_for, field_name
from reports.jobs import Wanted
from reports.models import Format, Grant, SnapshotJob
from reports.refused import Refused

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class Renderer(DjangoTemplates):
    """Django's own widgets inside our own field."""

    field_template_name = "forms/field.html"

    def get_template(self, template_name: str) -> Any:
        return loader.get_template(template_name) if template_name == self.field_template_name else super().get_template(template_name)


class RetryForm(forms.Form):
    """Only the key that makes a button pressed twice run one job."""

    form_key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class RunForm(forms.Form):
    default_renderer = Renderer

    form_key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, grant: Grant, data: Any = None) -> None:
        super().__init__(data, initial={"form_key": uuid.uuid4(), "formats": grant.report.formats[:1], "visuals": grant.report.visual_ids})
        self.report = grant.report
        self.open = [parameter for parameter in grant.report.parameters.all() if parameter.name not in grant.parameters]
        self.fields["formats"] = boxes(_("Format"), [(name, Format(name).label) for name in grant.report.formats])
        if len(grant.report.visual_ids) > 1 and set(grant.report.formats) != {Format.PDF}:
            visuals = [(visual, visual) for visual in grant.report.visual_ids]
            self.fields["visuals"] = boxes(_("Tables in CSV and Excel"), visuals, required=False)
        for parameter in self.open:
            self.fields[field_name(parameter)] = field_for(parameter)

    def parameter_fields(self) -> list[forms.BoundField]:
        return [self[field_name(parameter)] for parameter in self.open]

    def wanted(self) -> Wanted:
        cleaned = self.cleaned_data
        return Wanted(
            self.report.slug,
            cleaned["formats"],
            {parameter.name: as_json(parameter, cleaned[field_name(parameter)]) for parameter in self.open},
            cleaned.get("visuals", []),
            SnapshotJob.Lane.NOW,
            SnapshotJob.Trigger.PAGE,
            cleaned["form_key"],
        )

    def refuse(self, refused: Refused) -> None:
        """Each fault at its field, or on top of the form where it has none."""
        names: dict[tuple[str, ...], str] = {("parameters", parameter.name): field_name(parameter) for parameter in self.open}
        names |= {("formats",): "formats", ("visuals",): "visuals"}
        for place in refused.places:
            name = names.get(place.path)
            self.add_error(name if name in self.fields else None, place.detail)
        if not refused.places:
            self.add_error(None, refused.detail)


def boxes(label: _StrPromise, choices: list[tuple[str, Any]], *, required: bool = True) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(label=label, choices=choices, widget=forms.CheckboxSelectMultiple, required=required)


def always_filled(field: forms.Field) -> forms.Field:
    """Not called optional on the page: it has a value whether somebody chooses or not, or another choice hides it."""
    field.always_filled = True  # type: ignore[attr-defined]
    return field
