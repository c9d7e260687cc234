"""The tag rules of data sets, as preflight keeps them on a report, and what is wrong with them.

QuickSight starts a snapshot whatever the rules are: a data set without an enabled one shows every row, and the call succeeds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _

from reports.aws.catalogue import DataSet
from reports.failures import Fault

DataSetRules = dict[str, Any]
RowRules = Sequence[DataSetRules]


def as_kept(data_set: DataSet, before: RowRules, opened: Collection[str] = ()) -> DataSetRules:
    """`opened`: data sets that staff called the same for everyone.

    `before` is what was kept the last time: that a data set had rules is not forgotten when they are removed.
    """
    had_rules = any(old["dataset"] == data_set.id and (old["rules"] or old.get("had_rules")) for old in before)
    return {
        "dataset": data_set.id,
        "name": data_set.name,
        "enabled": data_set.rules_enabled,
        "had_rules": had_rules,
        "rules": [{"key": rule.key, "delimiter": rule.delimiter, "match_all": rule.match_all} for rule in data_set.rules],
        "groups": [list(group) for group in data_set.groups],
        "open": data_set.id in opened,
    }


def rules_in_force(row_rules: RowRules, *, same_for_everyone: bool) -> list[DataSetRules]:
    """With what was declared of the whole report said of each of its data sets, as a proof keeps it."""
    return [data_set | {"open": bool(data_set.get("open") or (same_for_everyone and not data_set["rules"]))} for data_set in row_rules]


def called(data_set: DataSetRules) -> str:
    """“Calls” (calls): as people know it, and as QuickSight does."""
    name, id = data_set.get("name"), data_set["dataset"]
    return f"“{name}” ({id})" if name else f"“{id}”"


def rule_faults(required: Sequence[str], row_rules: RowRules, *, same_for_everyone: bool = False) -> Iterator[Fault]:
    """Data sets that do not hold every row to every required key.

    One that never had a rule may be the same for everyone, alone or with the whole report.
    Rules that are or were there are meant, so they have to hold in any case.
    """
    if not required and not same_for_everyone and (unheld := list(_unheld(row_rules))):
        yield from unheld
        return
    for data_set in row_rules:
        is_open = same_for_everyone or data_set.get("open")
        if data_set["rules"] or not is_open:
            yield from _faults_of(data_set, required)
        elif data_set.get("had_rules"):
            names = {"dataset": called(data_set)}
            yield _fault(
                _("Data set %(dataset)s had tag rules and has none any more.") % names,
                _("In QuickSight, put the tag-based rules of data set %(dataset)s back, or declare the report the same for everyone anew.")
                % names,
            )


def _unheld(row_rules: RowRules) -> Iterator[Fault]:
    """Without a key to ask for: whatever is not open by itself, if anything is; what nobody has read proves nothing."""
    if not any(data_set.get("open") for data_set in row_rules):
        yield _fault(_("The report requires no session tag, so nothing would hold rows back."), _("Name its required tags."))
        return
    for data_set in row_rules:
        if not data_set.get("open"):
            names = {"dataset": called(data_set)}
            yield _fault(
                _("Data set %(dataset)s is not among those that are the same for everyone, and no session tag is required for its rows.")
                % names,
                _("Take data set %(dataset)s out of the dashboard, or name the report's required tags.") % names,
            )


def _faults_of(data_set: DataSetRules, required: Sequence[str]) -> Iterator[Fault]:
    ruled = {rule["key"]: rule for rule in data_set["rules"]}
    names = {"dataset": called(data_set), "keys": _quoted(required or ruled)}
    if not ruled:
        yield _fault(
            _("Data set %(dataset)s has no tag rules: its rows are not held back by %(keys)s.") % names,
            _("In QuickSight, add tag-based rules for %(keys)s to data set %(dataset)s and turn them on.") % names,
        )
        return
    if not data_set["enabled"]:
        yield _fault(
            _("The tag rules of data set %(dataset)s are switched off: its rows are not held back by %(keys)s.") % names,
            _("In QuickSight, turn on tag-based rules for data set %(dataset)s.") % names,
        )
        return
    for key in required:
        names = {"dataset": called(data_set), "key": key}
        if key not in ruled:
            yield _fault(
                _("Data set %(dataset)s has no tag rule for “%(key)s”.") % names,
                _("In QuickSight, add a tag-based rule for “%(key)s” to data set %(dataset)s.") % names,
            )
        elif not all(key in group for group in data_set.get("groups", ())):
            yield _fault(
                _("Data set %(dataset)s has a rule alternative without “%(key)s”, which would show other companies' rows.") % names,
                _("In QuickSight, put “%(key)s” into every one of the TagRuleConfigurations of data set %(dataset)s.") % names,
            )


def _fault(fact: str, remedy: str) -> Fault:
    return Fault("rows_not_isolated", fact, remedy)


def _quoted(keys: Iterable[str]) -> str:
    return ", ".join(f"“{key}”" for key in keys)
