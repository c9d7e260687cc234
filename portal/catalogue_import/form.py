"""The form of a draft: which sheet, what customers may choose, whose rows are open, its entry in the catalogue, and who gets it.

The page draws it in parts of its own; what a part shows is made here, by the names that its template uses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from portal.catalogue_import.parameter_form import ParameterForm
from portal.forms import Renderer, boxes
from portal.parameter_fields import INPUT
from reports.importing.asking import Choices
from reports.importing.wanted import MAX_NAME, MAX_SLUG, Wanted
from reports.models import CatalogueImport, Format
from reports.models.catalogue import MAX_VISUALS

SLUG = RegexValidator(r"^[a-z0-9]+([-_][a-z0-9]+)*\Z", _("Small letters, digits and single hyphens, such as daily-calls."))


class ImportForm(forms.Form):
    """Only for a draft whose dashboard was read."""

    default_renderer = Renderer

    turn = forms.IntegerField(widget=forms.HiddenInput)
    name = forms.CharField(label=_("Name"), max_length=MAX_NAME, widget=forms.TextInput(INPUT | {"form": "import"}))
    slug = forms.CharField(
        label=_("Slug"), max_length=MAX_SLUG, validators=[SLUG], widget=forms.TextInput({"class": "input input--mono", "form": "import"})
    )
    open_reason = forms.CharField(
        label=_("Why"),
        max_length=500,
        widget=forms.TextInput(INPUT),
        error_messages={"required": _("Say why these rows may be seen by everyone.")},
        help_text=_("Two members of staff must agree; both names go into the audit log."),
    )

    def __init__(self, draft: CatalogueImport, data: Any = None) -> None:
        wanted = Wanted.from_json(draft.wanted)
        super().__init__(data, initial=_kept(draft, wanted))
        self.found, self.verdict = draft.found, draft.verdict
        sheets = [(sheet["id"], sheet["name"]) for sheet in draft.found["sheets"]]
        self.fields["sheet"] = forms.ChoiceField(label=_("Sheet"), choices=sheets)
        self.fields["visuals"] = boxes(_("Tables in CSV and Excel"), list(_exportable(draft.found)), required=False)
        self.fields["formats"] = boxes(_("Formats"), Format.choices)
        self.fields["formats"].widget.attrs["form"] = "import"
        claimable = [(data_set["id"], data_set["name"]) for data_set in self.claimable()]
        self.fields["open_data_sets"] = boxes(_("The same for everyone"), claimable, required=False)
        self.fields["open_reason"].required = data is None or "open_data_sets" in data
        ready = [(tenant["id"], tenant["name"]) for tenant in self.verdict["tenants"] if not tenant["problem"]]
        self.fields["tenants"] = boxes(_("Grant to"), ready, required=False)
        self.parameters = [ParameterForm(parameter, data, f"parameter-{n}") for n, parameter in enumerate(wanted.parameters)]

    def is_valid(self) -> bool:
        return all([super().is_valid(), *(parameter.is_valid() for parameter in self.parameters)])

    @property
    def fault_count(self) -> int:
        return sum(len(form.errors) for form in (self, *self.parameters))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        visuals = self._visual_ids()
        if len(visuals) > MAX_VISUALS:
            self.add_error("visuals", _("At most %(n)d tables fit into one report.") % {"n": MAX_VISUALS})
        if {Format.CSV, Format.EXCEL} & set(cleaned.get("formats", [])) and not visuals:
            self.add_error("formats", _("CSV and Excel are made of tables: choose at least one on the sheet, or PDF alone."))
        return cleaned

    def choices(self) -> Choices:
        cleaned = self.cleaned_data
        wanted = Wanted(
            cleaned["sheet"],
            self._visual_ids(),
            cleaned["formats"],
            cleaned["name"],
            cleaned["slug"],
            [parameter.wanted() for parameter in self.parameters],
            cleaned["tenants"],
        )
        return Choices(wanted, cleaned["open_data_sets"], cleaned["open_reason"])

    def sheets(self) -> list[dict[str, Any]]:
        """The tree: each sheet and visual as the dashboard has it, and whether it is chosen."""
        sheet, visuals = self["sheet"].value(), set(self["visuals"].value() or ())
        return [
            found | {"chosen": found["id"] == sheet, "visuals": [_drawn(found["id"], visual, visuals) for visual in found["visuals"]]}
            for found in self.found["sheets"]
        ]

    def claimable(self) -> list[dict[str, Any]]:
        """Data sets of which staff may say that their rows are the same for everyone."""
        return [data_set for data_set in self.verdict["data_sets"] if not data_set["has_rules"]]

    def claims(self) -> list[dict[str, Any]]:
        chosen = set(self["open_data_sets"].value() or ())
        return [data_set | {"chosen": data_set["id"] in chosen} for data_set in self.claimable()]

    @property
    def unheld(self) -> list[dict[str, Any]]:
        """Data sets that hold nobody back and are not called the same for everyone."""
        return [data_set for data_set in self.verdict["data_sets"] if data_set["problem"]]

    @property
    def unheld_without_rules(self) -> list[dict[str, Any]]:
        """Those of them that two people may call so."""
        return [data_set for data_set in self.unheld if not data_set["has_rules"]]

    @property
    def rules_hold(self) -> bool:
        """Before that, which tags a tenant needs is not known: the rules that are missing may ask for others."""
        return all(fault["at"] != "rows" for fault in self.verdict["faults"])

    @property
    def granted_count(self) -> int:
        return sum(tenant["chosen"] for tenant in self.grantees())

    def grantees(self) -> list[dict[str, Any]]:
        chosen = set(self["tenants"].value() or ())
        return [tenant | {"chosen": tenant["id"] in chosen and not tenant["problem"]} for tenant in self.verdict["tenants"]]

    def _visual_ids(self) -> list[str]:
        """Of the chosen sheet; what is ticked on another does not count."""
        pairs = [value.partition("/") for value in self.cleaned_data.get("visuals", [])]
        return [visual for sheet, _slash, visual in pairs if sheet == self.cleaned_data.get("sheet")]


def _kept(draft: CatalogueImport, wanted: Wanted) -> dict[str, Any]:
    return {
        "turn": draft.turn,
        "sheet": wanted.sheet_id,
        "visuals": list(_proposed_visuals(draft.found, wanted)),
        "name": wanted.name,
        "slug": wanted.slug,
        "formats": wanted.formats,
        "tenants": wanted.tenants,
        "open_data_sets": draft.open_data_sets,
        "open_reason": draft.open_reason,
    }


def _exportable(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(value, title); ids hold no slash."""
    for sheet in found["sheets"]:
        for visual in sheet["visuals"]:
            if visual["exportable"]:
                yield f"{sheet['id']}/{visual['id']}", visual["title"]


def _proposed_visuals(found: dict[str, Any], wanted: Wanted) -> Iterator[str]:
    """Those that were chosen, and of every other sheet the first: who changes the sheet starts with something."""
    for sheet in found["sheets"]:
        of_sheet = [visual["id"] for visual in sheet["visuals"] if visual["exportable"]]
        chosen = wanted.visual_ids if sheet["id"] == wanted.sheet_id else of_sheet[:MAX_VISUALS]
        yield from (f"{sheet['id']}/{visual}" for visual in chosen)


def _drawn(sheet_id: str, visual: dict[str, Any], chosen: set[str]) -> dict[str, Any]:
    value = f"{sheet_id}/{visual['id']}"
    return visual | {"value": value, "chosen": value in chosen}


def turn_of(data: Any) -> int:
    """The turn that a button was pressed in; one that is none belongs to no draft."""
    try:
        return forms.IntegerField(min_value=0, max_value=2**31 - 1).clean(data.get("turn"))
    except ValidationError:
        return 0
