"""From a file of a snapshot request to its bytes: rows the tags allow, tables, then the format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from portal.local.aws.catalogue import Catalogue, Dashboard, Visual
from portal.local.aws.dataset import Row
from portal.local.aws.rows import Tags, as_moment, visible_rows, within_parameters
from portal.local.aws.tables import Table

SMALL_ROWS = 20  # rows of a visual in the small-files mode


class IncompleteTags(Exception):
    """Raised only where the switch asks for a FAILED job instead of no rows."""


@dataclass(frozen=True)
class View:
    """One job's eyes: its dashboard, the tags it was given and the parameters it set."""

    catalogue: Catalogue
    dashboard: Dashboard
    tags: Tags
    parameters: Mapping[str, Sequence[Any]]
    small: bool = False
    widest_group_wins: bool = False
    incomplete_tags: str = "no_rows"

    def rows(self, dataset_id: str) -> list[Row]:
        dataset = self.catalogue.datasets[dataset_id]
        rules = dataset.rules
        if rules and rules.enabled and not rules.complete_groups(self.tags):
            if self.incomplete_tags == "failed":
                raise IncompleteTags(f"The tags of the user do not fit the rules of the data set {dataset.name}.")
            rules = None if self.incomplete_tags == "all_rows" else rules
        allowed = visible_rows(dataset.rows(), rules, self.tags, widest_group_wins=self.widest_group_wins)
        rows = within_parameters(allowed, self.dashboard.parameters, self.parameters)
        return rows[:SMALL_ROWS] if self.small else rows

    def table(self, visual: Visual) -> Table:
        return visual.table(self.rows(visual.dataset_id))

    def company(self) -> str:
        """Whose rows these are, as the rows themselves say."""
        rows = [row for dataset_id in self.dashboard.dataset_ids for row in self.rows(dataset_id)]
        names = sorted({row["company"] for row in rows if "company" in row})
        return ", ".join(names) if names else ("All companies" if rows else "No rows")

    def parameter_lines(self) -> list[tuple[str, str]]:
        shown = [(parameter, self.parameters.get(parameter.name)) for parameter in self.dashboard.parameters]
        return [
            (parameter.name, ", ".join(_parameter_text(parameter.kind, value) for value in values) if values else "All")
            for parameter, values in shown
        ]


def _parameter_text(kind: str, value: Any) -> str:
    return f"{as_moment(value):%d %b %Y, %H:%M}" if kind == "datetime" else str(value)


def given_parameters(configuration: Mapping[str, Any], dashboard: Dashboard) -> dict[str, list[Any]]:
    """Values by name, for names the dashboard declares with that type; all others have no effect."""
    lists = {"string": "String", "integer": "Integer", "decimal": "Decimal", "datetime": "DateTime"}
    kinds = {parameter.name: parameter.kind for parameter in dashboard.parameters}
    return {
        entry["Name"]: _values(kind, entry["Values"])
        for kind, prefix in lists.items()
        for entry in configuration.get(f"{prefix}Parameters", ())
        if kinds.get(entry["Name"]) == kind
    }


def _values(kind: str, values: Sequence[Any]) -> list[Any]:
    return [_epoch_seconds(value) for value in values] if kind == "datetime" else list(values)


def _epoch_seconds(value: float | str) -> float:
    if isinstance(value, (int, float)):
        return float(value)
    moment = datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
