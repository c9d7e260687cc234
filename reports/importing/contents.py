"""A dashboard read whole, once: what preflight asks for is answered from it, and what pages show of it is kept as JSON."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reports.aws.catalogue import Dashboard, DataSet, Definition, Sheet, Visual
from reports.aws.errors import NotFound, Rejected
from reports.preflight import Describes


@dataclass(frozen=True)
class Contents:
    """Answers like QuickSight, without a call. `data_sets` by id: those that QuickSight describes."""

    dashboard: Dashboard
    definition: Definition
    data_sets: dict[str, DataSet]

    def describe_dashboard(self, dashboard_id: str) -> Dashboard:
        return self.dashboard

    def describe_definition(self, dashboard_id: str) -> Definition:
        return self.definition

    def describe_dataset(self, data_set_id: str) -> DataSet:
        if data_set_id not in self.data_sets:
            raise NotFound("ResourceNotFoundException", data_set_id)
        return self.data_sets[data_set_id]

    @property
    def data_set_ids(self) -> list[str]:
        return _ids(self.dashboard)

    def as_json(self) -> dict[str, Any]:
        """{"name", "version", "published_at", "sheets": [{"id", "name", "visuals": [{"id", "title", "kind", "exportable"}]}]}."""
        published_at = self.dashboard.published_at
        return {
            "name": self.dashboard.name,
            "version": self.dashboard.version,
            "published_at": published_at.isoformat() if isinstance(published_at, datetime) else None,
            "sheets": [self._sheet(sheet) for sheet in self.dashboard.sheets],
        }

    def visuals_of(self, sheet_id: str) -> list[Visual]:
        return [visual for visual in self.definition.visuals if visual.sheet_id == sheet_id]

    def _sheet(self, sheet: Sheet) -> dict[str, Any]:
        visuals = [
            {"id": visual.id, "title": visual.title or visual.id, "kind": visual.kind, "exportable": visual.is_exportable}
            for visual in self.visuals_of(sheet.id)
        ]
        return {"id": sheet.id, "name": sheet.name or sheet.id, "visuals": visuals}


def read(quicksight: Describes, dashboard_id: str) -> Contents:
    """Two calls and one for each data set: never inside a transaction. Raises AwsError, but not for a data set that cannot be read."""
    dashboard = quicksight.describe_dashboard(dashboard_id)
    definition = quicksight.describe_definition(dashboard_id)
    data_sets = {}
    for data_set_id in _ids(dashboard):
        with suppress(NotFound, Rejected):
            data_sets[data_set_id] = quicksight.describe_dataset(data_set_id)
    return Contents(dashboard, definition, data_sets)


def _ids(dashboard: Dashboard) -> list[str]:
    return [arn.rpartition("/")[2] for arn in dashboard.dataset_arns]
