"""Session tags as staff type them: a key and a value in each line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.recipient_forms import PlainForm
from reports.models import Report

FREE_LINES = 3
INPUT = {"class": "input", "autocomplete": "off"}


class TagLines:
    """Lines of the form. An empty key is no tag; a key twice is a fault, because only one of the two would count."""

    def __init__(self, lines: list[tuple[str, str]]) -> None:
        self.lines = lines
        self.fault = ""

    @classmethod
    def of(cls, tags: Mapping[str, str]) -> TagLines:
        return cls([*tags.items(), *[("", "")] * FREE_LINES])

    @classmethod
    def read(cls, answers: QueryDict) -> TagLines:
        pairs = zip(answers.getlist("key"), answers.getlist("value"), strict=False)
        found = cls([(key.strip(), value.strip()) for key, value in pairs])
        keys = [key for key, _value in found.lines if key]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            found.fault = _("Each key once, please: %(keys)s.") % {"keys": ", ".join(twice)}
        elif any(value and not key for key, value in found.lines):
            found.fault = _("A value without a key.")
        return found

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.lines)

    @property
    def tags(self) -> dict[str, str]:
        return {key: value for key, value in self.lines if key}


class PutInForceForm(PlainForm):
    # Of the draft that was on the page.
    draft = forms.CharField(widget=forms.HiddenInput)
    reason = forms.CharField(label=gettext_lazy("Reason, kept in the audit log"), max_length=300, widget=forms.TextInput(INPUT))
    again = forms.BooleanField(label=gettext_lazy("Run again what failed for want of tags"), required=False, initial=True)


class DryRunForm(PlainForm):
    report = forms.ChoiceField(label=gettext_lazy("Report"), widget=forms.Select({"class": "select"}))

    def __init__(self, reports: list[Report], data: Any = None) -> None:
        super().__init__(data)
        field = self.fields["report"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(report.slug, report.name) for report in reports]
