"""What staff want of a dashboard, as a draft keeps it: a sheet, its name in the catalogue, what customers may choose, and who gets it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.db import models
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.aws.catalogue import DeclaredParameter
from reports.importing.contents import Contents
from reports.models import Format, ReportParameter
from reports.models.catalogue import MAX_VISUALS
from reports.parameters import declaration_faults

Type = ReportParameter.Type
NUMBERS = {Type.INTEGER: int, Type.DECIMAL: float}
MAX_NAME = 120
MAX_SLUG = 80


class May(models.TextChoices):
    """What customers may do with a parameter."""

    FREE = "free", gettext_lazy("Choose freely")
    LISTED = "listed", gettext_lazy("Choose from listed values")
    PINNED = "pinned", gettext_lazy("Not change: pinned in the grant")
    LEFT_OUT = "left_out", gettext_lazy("Not see it: the dashboard decides")


@dataclass(frozen=True)
class WantedParameter:
    """`choices` count when listed. `default` is what is pinned when pinned, and may be empty else."""

    name: str
    type: str
    multiple: bool
    may: str
    choices: list[Any]
    default: list[Any]

    def as_row(self) -> ReportParameter:
        choices = self.choices if self.may == May.LISTED else None
        return ReportParameter(name=self.name, type=self.type, multiple=self.multiple, choices=choices, default=self.default or None)

    def faults(self) -> Iterator[tuple[str, str]]:
        """(field, sentence)"""
        if self.may == May.LEFT_OUT:
            return
        if self.may == May.LISTED and not self.choices:
            yield "choices", _("Name the values that customers choose from.")
        if self.may == May.PINNED and not self.default:
            yield "default", _("Name the value that is pinned.")
        yield from declaration_faults(self.as_row())


@dataclass(frozen=True)
class Wanted:
    sheet_id: str
    visual_ids: list[str]
    formats: list[str]
    name: str
    slug: str
    parameters: list[WantedParameter]
    # Ids of the tenants that are granted the report.
    tenants: list[str]

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Wanted:
        return cls(**kept | {"parameters": [WantedParameter(**parameter) for parameter in kept["parameters"]]})

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def offered(self) -> list[WantedParameter]:
        return [parameter for parameter in self.parameters if parameter.may != May.LEFT_OUT]

    @property
    def pinned(self) -> dict[str, list[Any]]:
        return {parameter.name: parameter.default for parameter in self.parameters if parameter.may == May.PINNED}

    @property
    def exports(self) -> bool:
        """Whether a format is asked for that is made of visuals."""
        return bool({Format.CSV, Format.EXCEL} & set(self.formats))


def proposal(contents: Contents) -> Wanted:
    """The first sheet with all that it can be, and every parameter as the dashboard has it. For nobody yet."""
    sheet_id = contents.dashboard.sheets[0].id if contents.dashboard.sheets else ""
    visual_ids = [visual.id for visual in contents.visuals_of(sheet_id) if visual.is_exportable][:MAX_VISUALS]
    return Wanted(
        sheet_id,
        visual_ids,
        [str(format) for format in Format] if visual_ids else [str(Format.PDF)],
        contents.dashboard.name[:MAX_NAME],
        slugify(contents.dashboard.name)[:MAX_SLUG].strip("-_") or contents.dashboard.id[:MAX_SLUG].lower(),
        [_parameter(declared, contents) for declared in contents.definition.parameters],
        [],
    )


def _parameter(declared: DeclaredParameter, contents: Contents) -> WantedParameter:
    default = [_kept(declared.type, value) for value in contents.definition.defaults.get(declared.name, [])]
    choices = [_kept(declared.type, value) for value in contents.definition.choices.get(declared.name, [])]
    if not declared.multiple:
        default = default[:1]
    may = May.LISTED if choices and declared.type != Type.DATETIME and set(default) <= set(choices) else May.FREE
    return WantedParameter(declared.name, declared.type, declared.multiple, str(may), choices, default)


def _kept(kind: str, value: Any) -> Any:
    """As a parameter's values are kept: days and times as text. A control offers numbers as text; one that is none stays as it is."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    try:
        return NUMBERS[Type(kind)](value) if Type(kind) in NUMBERS else value
    except ValueError:
        return value
