"""The form of an audience: its name, its people and groups, and by what its rows are narrowed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms import Renderer, always_filled
from portal.parameter_fields import INPUT, SELECT
from portal.schedule_form import LINES, LinesField, destination_field
from reports.destinations import choosing
from reports.models import Audience, Destination
from reports.refused import Refused
from tenants.models import Tenant

# Pairs of a key and a value; one more than an audience has, and as many as people need.
LEAST_PAIRS, MOST_PAIRS = 2, 10


class AudienceForm(forms.Form):
    """`keys`: what the report's rows can be narrowed by."""

    default_renderer = Renderer

    recipients = LinesField(
        label=_("People and groups"),
        required=False,
        max_length=400_000,
        help_text=_("Addresses and names of groups, one a line. Nobody on this list needs an account."),
        widget=forms.Textarea(LINES),
    )

    def __init__(self, tenant: Tenant, keys: Sequence[str], audience: Audience | None, lines: list[str], data: Any = None) -> None:
        """In the tenant's scope."""
        tags = list((audience.session_tags if audience else {}).items())
        there = list(map(str, choosing.of_audience(audience)))
        super().__init__(data, initial={"recipients": lines, "name": audience.name if audience else "", "destinations": there})
        self.fields |= destination_field(tenant)
        self.is_default = audience is not None and not audience.name
        if not self.is_default:
            self.fields["name"] = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput(INPUT))
        self.pairs = 0 if self.is_default or not (keys or tags) else min(MOST_PAIRS, max(LEAST_PAIRS, len(tags) + 1))
        offered = [("", "–"), *((key, key) for key in sorted({*keys, *(key for key, value in tags)}))]
        for number in range(self.pairs):
            key, value = tags[number] if number < len(tags) else ("", "")
            by = forms.ChoiceField(label=_("By"), choices=offered, required=False, initial=key, widget=forms.Select(SELECT))
            only = forms.CharField(label=_("Only"), required=False, max_length=256, initial=value, widget=forms.TextInput(INPUT))
            self.fields |= {f"key-{number}": always_filled(by), f"value-{number}": always_filled(only)}

    def narrowing(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"key-{number}"], self[f"value-{number}"]) for number in range(self.pairs)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        seen: set[str] = set()
        for number in range(self.pairs):
            key, value = cleaned.get(f"key-{number}", ""), cleaned.get(f"value-{number}", "")
            if key and not value:
                self.add_error(f"value-{number}", _("Type the value whose rows they get."))
            if value and not key:
                self.add_error(f"key-{number}", _("Choose by what the rows are narrowed."))
            if key and key in seen:
                self.add_error(f"key-{number}", _("This is narrowed by already."))
            seen.add(key)
        return cleaned

    def session_tags(self) -> dict[str, str]:
        cleaned = self.cleaned_data
        pairs = ((cleaned[f"key-{number}"], cleaned[f"value-{number}"]) for number in range(self.pairs))
        return {key: value for key, value in pairs if key}

    def destinations(self, tenant: Tenant) -> list[Destination] | None:
        """None: as they are; the company has none to choose from. Raises Refused."""
        return choosing.by_id(tenant, self.cleaned_data["destinations"]) if "destinations" in self.fields else None

    def refuse(self, refused: Refused) -> None:
        """Each fault at its field: that of a tag at the pair which has its key."""
        keys = {self.cleaned_data.get(f"key-{number}"): f"value-{number}" for number in range(self.pairs)}
        for place in refused.places:
            name = keys.get(place.path[-1], "value-0") if place.path[0] == "session_tags" else place.path[0]
            self.add_error(name if name in self.fields else None, place.detail)
        if not refused.places:
            self.add_error(None, refused.detail)
