"""What a visual shows: a table of columns and rows, whatever file it ends up in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from portal.local.aws.dataset import REGIONS, Row


@dataclass(frozen=True)
class Table:
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


CALL_COLUMNS = {
    "Call": "call_id",
    "Date": "date",
    "Time": "time",
    "Region": "region",
    "Desk": "desk",
    "Queue": "queue",
    "Agent": "agent",
    "Wait (s)": "wait_seconds",
    "Handled (s)": "handle_seconds",
    "Outcome": "outcome",
    "Score": "score",
    "Company": "company",
    "tenant_id": "tenant_id",
}


def call_table(rows: Sequence[Row]) -> Table:
    return Table(tuple(CALL_COLUMNS), tuple(_call_cells(row) for row in rows))


def _call_cells(row: Row) -> tuple[Any, ...]:
    start = row["started_at"]
    moment = {"date": start.strftime("%Y-%m-%d"), "time": start.strftime("%H:%M:%S")}
    return tuple((row | moment)[field] for field in CALL_COLUMNS.values())


def outcomes_by_region(rows: Sequence[Row]) -> Table:
    outcomes = ("Resolved", "Transferred", "Call back", "Abandoned")
    counts = Counter((row["region"], row["outcome"]) for row in rows)
    regions = [region for region in REGIONS if any(row["region"] == region for row in rows)]
    body = [(region, *(counts[region, outcome] for outcome in outcomes)) for region in regions]
    return Table(("Region", *outcomes, "Calls"), tuple((*line, sum(line[1:])) for line in body))


def calls_by_queue(rows: Sequence[Row]) -> Table:
    groups = _grouped(rows, "queue")
    return Table(
        ("Queue", "Calls", "Average wait (s)", "Average score"),
        tuple((queue, len(group), _mean(group, "wait_seconds"), _mean(group, "score")) for queue, group in groups),
    )


def calls_per_day(rows: Sequence[Row]) -> Table:
    counts = Counter(row["started_at"].strftime("%d %b") for row in sorted(rows, key=lambda row: row["started_at"]))
    return Table(("Day", "Calls"), tuple(counts.items()))


def scorecard(rows: Sequence[Row]) -> Table:
    return Table(
        ("Agent", "Calls", "Resolved", "Hours on calls", "Average score", "Company", "tenant_id"),
        tuple(_agent_line(agent, group) for agent, group in _grouped(rows, "agent")),
    )


def benchmark_table(rows: Sequence[Row]) -> Table:
    columns = ("Week", "Region", "Answered (%)", "Average wait (s)", "Score")
    return Table(columns, tuple(tuple(row.values()) for row in rows))


def _agent_line(agent: str, group: Sequence[Row]) -> tuple[Any, ...]:
    calls, resolved = sum(row["calls"] for row in group), sum(row["resolved"] for row in group)
    hours = round(sum(row["handle_seconds"] for row in group) / 3600, 2)
    return agent, calls, resolved, hours, _mean(group, "score"), group[0]["company"], group[0]["tenant_id"]


def _grouped(rows: Sequence[Row], column: str) -> list[tuple[str, list[Row]]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return sorted(groups.items())


def _mean(rows: Sequence[Row], column: str) -> float | None:
    values = [row[column] for row in rows if row[column] is not None]
    return round(sum(values) / len(values), 2) if values else None
