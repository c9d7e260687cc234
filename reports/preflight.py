"""Preflight: does a report fit its dashboard, and do the data sets behind it hold each tenant to its own rows?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.utils.translation import gettext as _

from reports.aws.catalogue import Dashboard, DataSet, DeclaredParameter, Definition
from reports.aws.errors import NotFound, Rejected
from reports.failures import Fault
from reports.models import Report
from reports.row_rules import DataSetRules, RowRules, as_kept, rule_faults

Status = Report.Preflight
# Which of several faults names the refusal: without a dashboard nothing else matters, and rows matter more than looks.
GRAVEST_FIRST = ("report_missing", "rows_not_isolated", "report_unfit")


@dataclass(frozen=True)
class ReportFacts:
    """What preflight looks at; plain values, so that a report can be checked before it is stored."""

    dashboard_id: str
    sheet_id: str
    visual_ids: tuple[str, ...] = ()
    parameters: frozenset[DeclaredParameter] = frozenset()
    required_tags: frozenset[str] = frozenset()
    same_for_everyone: bool = False
    open_data_sets: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Preflight:
    """`code`, `detail` and `remedy` as Report keeps them: empty unless refused. `dashboard_version` None: none was seen."""

    status: str
    code: str = ""
    detail: str = ""
    remedy: str = ""
    row_rules: list[DataSetRules] = field(default_factory=list)
    dashboard_version: int | None = None

    def columns(self, began: datetime) -> dict[str, Any]:
        """What Report stores of it. `began` is when the check began, by the database's clock."""
        return {
            "preflight": self.status,
            "preflight_code": self.code,
            "preflight_detail": self.detail,
            "preflight_remedy": self.remedy,
            "preflight_at": None if self.status == Status.NOT_CHECKED else began,
            "dashboard_version": self.dashboard_version,
            "row_rules": self.row_rules,
        }


class Describes(Protocol):
    """The part of reports.aws.quicksight.QuickSight that is read here. Each raises AwsError."""

    def describe_dashboard(self, dashboard_id: str) -> Dashboard: ...
    def describe_definition(self, dashboard_id: str) -> Definition: ...
    def describe_dataset(self, data_set_id: str) -> DataSet: ...


def preflight(quicksight: Describes, facts: ReportFacts, *, before: Preflight | None = None) -> Preflight:
    """Calls QuickSight once for the dashboard, once for its definition and once for each data set: never inside a transaction.

    `before` is what the last one of exactly these facts found: while the version that passed is still published, its definition is
    not read again.
    Raises NoVerdict and AccessDenied, which say nothing about the report; everything that is wrong with it is the result.
    """
    names = {"id": facts.dashboard_id}
    before = before or Preflight(Status.NOT_CHECKED)
    try:
        dashboard = quicksight.describe_dashboard(facts.dashboard_id)
        is_known = before.status == Status.PASSED and before.dashboard_version == dashboard.version
        definition = None if is_known else quicksight.describe_definition(facts.dashboard_id)
    except NotFound:
        fact = _("There is no dashboard “%(id)s” in this account and region.") % names
        return _verdict([Fault("report_missing", fact, _("Correct the report's account or dashboard_id."))], before.row_rules)
    except Rejected as error:
        fact = _("QuickSight refuses to describe dashboard “%(id)s” (%(code)s).") % (names | {"code": error.code})
        return _verdict([Fault("report_missing", fact, _("Correct the report's dashboard_id."))], before.row_rules)
    faults = [*fit_faults(dashboard, definition, facts)]
    row_rules, hidden = _read_rules(quicksight, dashboard, before.row_rules, facts.open_data_sets)
    faults += hidden
    faults += rule_faults(sorted(facts.required_tags), row_rules, same_for_everyone=facts.same_for_everyone)
    return _verdict(faults, row_rules, dashboard.version or None)


def fit_faults(dashboard: Dashboard, definition: Definition | None, facts: ReportFacts) -> Iterator[Fault]:
    """Where the report does not fit the dashboard, its rows aside. Without a definition only what the dashboard itself tells."""
    yield from _dashboard_faults(dashboard, facts)
    if definition is not None:
        yield from _visual_faults(definition, facts)
        yield from _parameter_faults(definition, facts)


def _read_rules(
    quicksight: Describes, dashboard: Dashboard, before: RowRules, opened: frozenset[str]
) -> tuple[list[DataSetRules], list[Fault]]:
    """What is behind the dashboard now, and a fault for each data set that is not told; of that the last that was known is kept."""
    found: list[DataSetRules] = []
    faults = []
    for arn in dashboard.dataset_arns:
        data_set_id = arn.rpartition("/")[2]
        try:
            found.append(as_kept(quicksight.describe_dataset(data_set_id), before, opened))
        except (NotFound, Rejected):
            found += [old for old in before if old["dataset"] == data_set_id]
            faults.append(unreadable(data_set_id))
    return found, faults


def _verdict(faults: list[Fault], row_rules: list[DataSetRules], version: int | None = None) -> Preflight:
    code = min((fault.code for fault in faults), key=GRAVEST_FIRST.index, default="")
    # One remedy may help against several faults.
    remedies = dict.fromkeys(fault.remedy for fault in faults)
    status = Status.REFUSED if faults else Status.PASSED
    return Preflight(status, code, " ".join(fault.fact for fault in faults), " ".join(remedies), row_rules, version)


def unreadable(data_set_id: str) -> Fault:
    return Fault(
        "rows_not_isolated",
        _("The tag rules of data set “%(id)s” cannot be read.") % {"id": data_set_id},
        _("See that data set “%(id)s” still exists in QuickSight.") % {"id": data_set_id},
    )


def _dashboard_faults(dashboard: Dashboard, facts: ReportFacts) -> Iterator[Fault]:
    names = {"id": facts.dashboard_id, "sheet": facts.sheet_id, "known": ", ".join(sheet.id for sheet in dashboard.sheets) or "-"}
    if not dashboard.version:
        fact = _("Dashboard “%(id)s” is not published.") % names
        yield Fault("report_missing", fact, _("Publish dashboard “%(id)s” in QuickSight.") % names)
    if facts.sheet_id not in [sheet.id for sheet in dashboard.sheets]:
        fact = _("Dashboard “%(id)s” has no sheet “%(sheet)s”.") % names
        yield _unfit(fact, _("Correct the report's sheet_id, or put the sheet back. Its sheets: %(known)s.") % names)
    if not dashboard.dataset_arns and not facts.same_for_everyone:
        fact = _("Dashboard “%(id)s” names no data set, so nothing shows that rows are held back.") % names
        yield Fault("rows_not_isolated", fact, _("Say that the report is the same for everyone, if it is."))


def _visual_faults(definition: Definition, facts: ReportFacts) -> Iterator[Fault]:
    on_sheet = {visual.id: visual for visual in definition.visuals if visual.sheet_id == facts.sheet_id}
    remedy = _("Correct the report's visual_ids, or put the visual back.")
    for visual_id in facts.visual_ids:
        visual = on_sheet.get(visual_id)
        if visual is None:
            yield _unfit(_("Sheet “%(sheet)s” has no visual “%(visual)s”.") % {"sheet": facts.sheet_id, "visual": visual_id}, remedy)
        elif not visual.is_exportable:
            fact = _("Visual “%(visual)s” is no table or pivot table: only those come as CSV or Excel.") % {"visual": visual_id}
            yield _unfit(fact, remedy)


def _parameter_faults(definition: Definition, facts: ReportFacts) -> Iterator[Fault]:
    declared = {parameter.name: parameter for parameter in definition.parameters}
    remedy = _("Correct the report's parameters, or those of the dashboard.")
    for parameter in sorted(facts.parameters, key=lambda parameter: parameter.name):
        found = declared.get(parameter.name)
        names = {"name": parameter.name, "known": ", ".join(declared) or "-", "type": found.type if found else ""}
        if found is None:
            known = _("Its parameters: %(known)s.") % names
            yield _unfit(_("The dashboard has no parameter “%(name)s”.") % names, f"{remedy} {known}")
        elif found.type != parameter.type:
            yield _unfit(_("Parameter “%(name)s” is of type %(type)s in the dashboard.") % names, remedy)
        elif parameter.multiple and not found.multiple:
            yield _unfit(_("Parameter “%(name)s” takes one value in the dashboard, not several.") % names, remedy)


def _unfit(fact: str, remedy: str) -> Fault:
    return Fault("report_unfit", fact, remedy)
