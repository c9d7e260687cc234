"""Which rows a job may see: the dataset's tag rules first, the parameters inside what they allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from portal.local.aws.dataset import Row

Tags = Mapping[str, str]


@dataclass(frozen=True)
class TagRule:
    key: str
    column: str
    delimiter: str | None = None
    match_all: str | None = None

    def allows(self, row: Row, value: str) -> bool:
        """Values are compared exactly: case, blanks and Unicode form all count."""
        if self.match_all is not None and value == self.match_all:
            return True
        values = value.split(self.delimiter) if self.delimiter else [value]
        return row.get(self.column) in values


@dataclass(frozen=True)
class TagRules:
    """`groups` are the alternatives (`TagRuleConfigurations`); without them all rules must hold."""

    rules: tuple[TagRule, ...]
    groups: tuple[tuple[str, ...], ...] = field(default=())
    enabled: bool = True

    def complete_groups(self, tags: Tags) -> list[frozenset[str]]:
        every_rule = (tuple(rule.key for rule in self.rules),)
        return [frozenset(group) for group in self.groups or every_rule if all(key in tags for key in group)]


def visible_rows(rows: Iterable[Row], rules: TagRules | None, tags: Tags, *, widest_group_wins: bool = False) -> list[Row]:
    """Apply tag rules; incomplete tags give no rows, and no enabled rules give every row.

    A group that contains another one is taken as its narrowing: with tags for both, only the larger
    group counts. `widest_group_wins` reads the alternatives literally instead (see the documentation).
    """
    if rules is None or not rules.enabled:
        return list(rows)
    groups = rules.complete_groups(tags)
    if not widest_group_wins:
        groups = [group for group in groups if not any(group < other for other in groups)]
    by_key = {rule.key: rule for rule in rules.rules}
    return [row for row in rows if any(all(by_key[key].allows(row, tags[key]) for key in group) for group in groups)]


@dataclass(frozen=True)
class Parameter:
    """A dashboard parameter and the comparison it stands for in the dashboard's filters."""

    name: str
    kind: str  # string | integer | decimal | datetime
    column: str
    comparison: str  # in | from | to
    multiple: bool = False
    choices: tuple[str, ...] = ()
    default: tuple[Any, ...] = ()

    def keeps(self, row: Row, values: Sequence[Any]) -> bool:
        actual = row.get(self.column)
        if self.comparison == "in":
            return actual in values
        if actual is None:
            return False
        wanted = as_moment(values[0]) if self.kind == "datetime" else values[0]
        return bool(actual >= wanted if self.comparison == "from" else actual <= wanted)


def within_parameters(rows: Iterable[Row], parameters: Iterable[Parameter], given: Mapping[str, Sequence[Any]]) -> list[Row]:
    """Parameters without values do not filter; names the dashboard does not know are ignored."""
    active = [(parameter, given[parameter.name]) for parameter in parameters if given.get(parameter.name)]
    return [row for row in rows if all(parameter.keeps(row, values) for parameter, values in active)]


def as_moment(epoch_seconds: float) -> datetime:
    return datetime.fromtimestamp(epoch_seconds, tz=UTC)
