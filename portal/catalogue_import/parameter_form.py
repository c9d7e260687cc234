"""One line of a draft's parameters: what customers may do with it, the values they choose from, and the default."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms import Renderer
from portal.parameter_fields import INPUT, SELECT, LinesField
from reports.importing.wanted import May, WantedParameter
from reports.models import ReportParameter

Type = ReportParameter.Type
TYPES = {Type.STRING: _("Text"), Type.INTEGER: _("Whole number"), Type.DECIMAL: _("Number"), Type.DATETIME: _("Date")}
ONE_VALUE = {Type.INTEGER: forms.IntegerField(), Type.DECIMAL: forms.FloatField()}


class ParameterForm(forms.Form):
    default_renderer = Renderer

    may = forms.ChoiceField(label=_("Customers may"), choices=May.choices, widget=forms.Select(SELECT))

    def __init__(self, parameter: WantedParameter, data: Any, prefix: str) -> None:
        kept = {"may": parameter.may, "choices": parameter.choices, "default": parameter.default}
        super().__init__(data, initial=kept, prefix=prefix)
        self.parameter, one = parameter, ONE_VALUE.get(Type(parameter.type), forms.CharField())
        self.fields["choices"] = LinesField(one, label=_("Values to choose from"), required=False)
        self.fields["default"] = LinesField(one, label=_("Default"), required=False)
        if not parameter.multiple:
            self.fields["default"].widget = forms.TextInput(INPUT)
            self.fields["default"].help_text = ""
        for name, field in self.fields.items():
            field.widget.attrs |= {"aria-label": f"{parameter.name}: {field.label}", "form": "import", "data-part": name}
            if isinstance(field.widget, forms.Textarea):
                field.widget.attrs["rows"] = 2

    @property
    def type_words(self) -> str:
        kind = TYPES[Type(self.parameter.type)]
        return str(_("%(type)s, several") % {"type": kind}) if self.parameter.multiple else str(kind)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            for field, sentence in self.wanted().faults():
                self.add_error(field, sentence)
        return cleaned

    def wanted(self) -> WantedParameter:
        parameter, cleaned = self.parameter, self.cleaned_data
        return WantedParameter(
            parameter.name, parameter.type, parameter.multiple, cleaned["may"], cleaned.get("choices", []), cleaned.get("default", [])
        )
