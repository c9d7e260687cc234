"""What a dashboard is made of, read from QuickSight's describe answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# Only these two kinds of visual can be exported to CSV and Excel (StartDashboardSnapshotJob).
EXPORTABLE = frozenset({"TableVisual", "PivotTableVisual"})
PARAMETER_TYPES = {
    "StringParameterDeclaration": "string",
    "IntegerParameterDeclaration": "integer",
    "DecimalParameterDeclaration": "decimal",
    "DateTimeParameterDeclaration": "datetime",
}


@dataclass(frozen=True)
class Summary:
    """A dashboard in the account's list. `version` 0 and `published_at` None: it was never published."""

    id: str
    name: str
    version: int
    published_at: datetime | None


@dataclass(frozen=True)
class Sheet:
    id: str
    name: str


@dataclass(frozen=True)
class Dashboard:
    id: str
    name: str
    version: int
    sheets: tuple[Sheet, ...]
    dataset_arns: tuple[str, ...]
    published_at: datetime | None = None


@dataclass(frozen=True)
class Visual:
    id: str
    sheet_id: str
    kind: str
    title: str

    @property
    def is_exportable(self) -> bool:
        return self.kind in EXPORTABLE


@dataclass(frozen=True)
class DeclaredParameter:
    name: str
    type: str
    multiple: bool


@dataclass(frozen=True)
class Definition:
    """`defaults` and `choices` by parameter: what the dashboard fills in and what its controls offer, where these are fixed values."""

    visuals: tuple[Visual, ...]
    parameters: tuple[DeclaredParameter, ...]
    defaults: dict[str, list[Any]] = field(default_factory=dict)
    choices: dict[str, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class TagRule:
    key: str
    column: str
    delimiter: str
    match_all: str


@dataclass(frozen=True)
class DataSet:
    id: str
    name: str
    rules_enabled: bool
    rules: tuple[TagRule, ...]
    # Keys of one inner group are ANDed, groups are ORed; empty: every rule has to hold.
    groups: tuple[tuple[str, ...], ...]


def read_summary(row: dict[str, Any]) -> Summary:
    return Summary(row.get("DashboardId", ""), row.get("Name", ""), row.get("PublishedVersionNumber", 0), row.get("LastPublishedTime"))


def read_dashboard(answer: dict[str, Any]) -> Dashboard:
    dashboard = answer.get("Dashboard", {})
    version = dashboard.get("Version", {})
    return Dashboard(
        id=dashboard.get("DashboardId", ""),
        name=dashboard.get("Name", ""),
        version=version.get("VersionNumber", 0),
        sheets=tuple(Sheet(sheet.get("SheetId", ""), sheet.get("Name", "")) for sheet in version.get("Sheets", [])),
        dataset_arns=tuple(version.get("DataSetArns", [])),
        published_at=dashboard.get("LastPublishedTime"),
    )


def read_definition(answer: dict[str, Any]) -> Definition:
    definition = answer.get("Definition", {})
    pairs = [pair for declaration in definition.get("ParameterDeclarations", []) for pair in declaration.items()]
    declared = [(kind, body) for kind, body in pairs if kind in PARAMETER_TYPES]
    return Definition(
        visuals=tuple(
            _visual(sheet.get("SheetId", ""), kind, body)
            for sheet in definition.get("Sheets", [])
            for visual in sheet.get("Visuals", [])
            for kind, body in visual.items()
        ),
        parameters=tuple(
            DeclaredParameter(body.get("Name", ""), PARAMETER_TYPES[kind], body.get("ParameterValueType") == "MULTI_VALUED")
            for kind, body in declared
        ),
        defaults={body.get("Name", ""): values for _, body in declared if (values := _fixed_default(body))},
        choices=dict(_offered(definition)),
    )


def _fixed_default(declaration: dict[str, Any]) -> list[Any]:
    """Empty also for a default that moves, such as yesterday, or that differs by user."""
    return list((declaration.get("DefaultValues") or {}).get("StaticValues") or [])


def _offered(definition: dict[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    """The values of drop-downs and lists on the sheets, where these are not read from a column."""
    for sheet in definition.get("Sheets", []):
        for control in sheet.get("ParameterControls", []):
            for body in control.values():
                values = (body.get("SelectableValues") or {}).get("Values")
                if values:
                    yield body.get("SourceParameterName", ""), list(values)


def _visual(sheet_id: str, kind: str, body: dict[str, Any]) -> Visual:
    title = ((body.get("Title") or {}).get("FormatText") or {}).get("PlainText", "")
    return Visual(body.get("VisualId", ""), sheet_id, kind, title)


def read_data_set(answer: dict[str, Any]) -> DataSet:
    data_set = answer.get("DataSet", {})
    configuration = data_set.get("RowLevelPermissionTagConfiguration") or {}
    return DataSet(
        id=data_set.get("DataSetId", ""),
        name=data_set.get("Name", ""),
        rules_enabled=configuration.get("Status") == "ENABLED",
        rules=tuple(
            TagRule(rule["TagKey"], rule.get("ColumnName", ""), rule.get("TagMultiValueDelimiter", ""), rule.get("MatchAllValue", ""))
            for rule in configuration.get("TagRules", [])
        ),
        groups=tuple(tuple(group) for group in configuration.get("TagRuleConfigurations", [])),
    )
