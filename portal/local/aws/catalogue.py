"""The sample QuickSight account: its datasets with their tag rules, and its dashboards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from portal.local.aws import dataset, tables
from portal.local.aws.dataset import Row
from portal.local.aws.rows import Parameter, TagRule, TagRules
from portal.local.aws.tables import Table

EXPORTABLE = ("table", "pivot")


@dataclass(frozen=True)
class DataSet:
    id: str
    name: str
    rows: Callable[[], tuple[Row, ...]]
    rules: TagRules | None


@dataclass(frozen=True)
class Visual:
    id: str
    kind: str  # table | pivot | bar
    title: str
    dataset_id: str
    table: Callable[[Sequence[Row]], Table]

    @property
    def is_exportable(self) -> bool:
        return self.kind in EXPORTABLE


@dataclass(frozen=True)
class Sheet:
    id: str
    name: str
    visuals: tuple[Visual, ...]
    content_type: str = "PAGINATED"


@dataclass(frozen=True)
class Dashboard:
    id: str
    name: str
    sheets: tuple[Sheet, ...]
    parameters: tuple[Parameter, ...] = ()
    version: int = 1
    published: float | None = None  # None: long ago
    more_datasets: tuple[str, ...] = ()  # behind it, though no visual shows them

    def sheet(self, sheet_id: str) -> Sheet | None:
        return next((sheet for sheet in self.sheets if sheet.id == sheet_id), None)

    def visual(self, sheet_id: str, visual_id: str) -> Visual | None:
        sheet = self.sheet(sheet_id)
        return next((visual for visual in sheet.visuals if visual.id == visual_id), None) if sheet else None

    @property
    def dataset_ids(self) -> list[str]:
        return sorted({visual.dataset_id for sheet in self.sheets for visual in sheet.visuals} | set(self.more_datasets))

    def without(self, part: str) -> Dashboard:
        """Less the sheet or visual of this id. Raises LookupError when there is none."""
        left = tuple(
            replace(sheet, visuals=tuple(visual for visual in sheet.visuals if visual.id != part))
            for sheet in self.sheets
            if sheet.id != part
        )
        if left == self.sheets:
            raise LookupError(f"Dashboard {self.id!r} has no sheet or visual {part!r}.")
        return replace(self, sheets=left)


@dataclass
class Catalogue:
    datasets: dict[str, DataSet] = field(default_factory=dict)
    dashboards: dict[str, Dashboard] = field(default_factory=dict)

    def set_rules(self, dataset_id: str, rules: TagRules | None) -> None:
        self.datasets[dataset_id] = replace(self.datasets[dataset_id], rules=rules)


# A tag for desk or region narrows the company's rows, and none of them is needed to see all of them.
_CALL_RULES = TagRules(
    rules=(
        TagRule("tenant_id", "tenant_id", delimiter=",", match_all="*"),
        TagRule("desk", "desk", delimiter=","),
        TagRule("region", "region", delimiter=",", match_all="*"),
    ),
    groups=(("tenant_id",), ("tenant_id", "desk"), ("tenant_id", "region"), ("tenant_id", "desk", "region")),
)
_AGENT_RULES = TagRules(
    rules=(TagRule("tenant_id", "tenant_id"), TagRule("desk", "desk", delimiter=",")),
    groups=(("tenant_id",), ("tenant_id", "desk")),
)
_FROM = Parameter("From", "datetime", "started_at", "from")
_TO = Parameter("To", "datetime", "started_at", "to")


def sample_account() -> Catalogue:
    datasets = (
        DataSet("calls", "Calls", dataset.calls, _CALL_RULES),
        DataSet("agent-days", "Agent days", dataset.agent_days, _AGENT_RULES),
        DataSet("market", "Market benchmark", dataset.benchmark, None),
    )
    dashboards = (_daily_calls(), _agent_scorecard(), _market_benchmark())
    return Catalogue({item.id: item for item in datasets}, {item.id: item for item in dashboards})


def _daily_calls() -> Dashboard:
    overview = Sheet(
        "sheet-1",
        "Overview",
        (
            Visual("chart-1", "bar", "Calls per day", "calls", tables.calls_per_day),
            Visual("pivot-1", "pivot", "Outcomes by region", "calls", tables.outcomes_by_region),
            Visual("table-1", "table", "Calls", "calls", tables.call_table),
        ),
    )
    queues = Sheet("sheet-2", "Queues", (Visual("table-2", "table", "Queues", "calls", tables.calls_by_queue),), "INTERACTIVE")
    parameters = (
        Parameter("Region", "string", "region", "in", multiple=True, choices=dataset.REGIONS, default=dataset.REGIONS),
        _FROM,
        _TO,
        Parameter("MinSeconds", "integer", "handle_seconds", "from", default=(0,)),
        Parameter("MinScore", "decimal", "score", "from"),
    )
    return Dashboard("daily-calls", "Daily call volume", (overview, queues), parameters)


def _agent_scorecard() -> Dashboard:
    visuals = (Visual("table-1", "table", "Agents", "agent-days", tables.scorecard),)
    return Dashboard("agent-scorecard", "Agent scorecard", (Sheet("sheet-1", "Agents", visuals),), (_FROM, _TO))


def _market_benchmark() -> Dashboard:
    visuals = (Visual("table-1", "table", "Market", "market", tables.benchmark_table),)
    return Dashboard("market-benchmark", "Market benchmark", (Sheet("sheet-1", "Market", visuals),))
