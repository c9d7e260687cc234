"""Preflight: does a report fit its dashboard, and do the data sets behind it hold each tenant to its own rows?"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.utils.translation import gettext as _

from reports.aws.catalogue import Dashboard, DataSet, DeclaredParameter, Definition
from reports.aws.clients import AccountFacts
from reports.aws.errors import NotFound, Rejected
from reports.models import Account, Report, ReportParameter
from reports.session_tags import rule_faults
from tenants.scope import engine_scope, platform_scope

Status = Report.Preflight
# How long the answer of DescribeDataSet is believed. Shorter costs calls, longer leaves a rule that was switched off unnoticed.
PREFLIGHT_FRESH = timedelta(minutes=5)


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
    """`detail` is for people: empty when passed. `row_rules` as Report keeps them, with the alternatives of each data set as `groups`."""

    status: str
    detail: str = ""
    row_rules: list[dict[str, Any]] = field(default_factory=list)


class Describes(Protocol):
    """The part of reports.aws.quicksight.QuickSight that is read here. Each raises AwsError."""

    def describe_dashboard(self, dashboard_id: str) -> Dashboard: ...
    def describe_definition(self, dashboard_id: str) -> Definition: ...
    def describe_dataset(self, data_set_id: str) -> DataSet: ...


def report_facts(report: Report, parameters: list[ReportParameter]) -> ReportFacts:
    return ReportFacts(
        report.dashboard_id,
        report.sheet_id,
        tuple(report.visual_ids),
        frozenset(DeclaredParameter(parameter.name, parameter.type, parameter.multiple) for parameter in parameters),
        frozenset(report.required_tags),
        report.same_for_everyone,
        frozenset(report.open_data_sets),
    )


def preflight(quicksight: Describes, facts: ReportFacts) -> Preflight:
    """Calls QuickSight two times and once for each data set: never inside a transaction.

    Raises NoVerdict and AccessDenied, which say nothing about the report; everything that is wrong with it is the result.
    """
    try:
        dashboard = quicksight.describe_dashboard(facts.dashboard_id)
        definition = quicksight.describe_definition(facts.dashboard_id)
    except NotFound:
        return Preflight(Status.REFUSED, _("There is no dashboard “%(id)s” in this account and region.") % {"id": facts.dashboard_id})
    except Rejected as error:
        names = {"id": facts.dashboard_id, "code": error.code}
        return Preflight(Status.REFUSED, _("QuickSight refuses to describe dashboard “%(id)s” (%(code)s).") % names)
    faults = [*_dashboard_faults(dashboard, facts), *_visual_faults(definition, facts), *_parameter_faults(definition, facts)]
    row_rules: list[dict[str, Any]] = []
    for arn in dashboard.dataset_arns:
        data_set_id = arn.rpartition("/")[2]
        try:
            row_rules.append(_row_rules(quicksight.describe_dataset(data_set_id), facts))
        except (NotFound, Rejected):
            faults.append(_("The tag rules of data set “%(id)s” cannot be read.") % {"id": data_set_id})
    if not facts.same_for_everyone:
        faults += rule_faults(sorted(facts.required_tags), row_rules)
    return Preflight(Status.REFUSED if faults else Status.PASSED, " ".join(faults), row_rules)


def facts_of(account: Account) -> AccountFacts:
    """Where to call and as whom, as plain values for reports/aws."""
    return AccountFacts(account.aws_account_id, account.region, account.role_arn, account.external_id)


def check_and_store(quicksight: Describes, report_id: uuid.UUID, now: datetime) -> Preflight:
    """For a report that was never checked, or not lately. Opens its own scopes, none around the calls; raises as `preflight` does."""
    with platform_scope():
        report = Report.objects.get(pk=report_id)
        facts = report_facts(report, list(report.parameters.all()))
    result = preflight(quicksight, facts)
    with engine_scope():
        # Only if the row is still what was checked: an `apply` in between may have named another dashboard.
        checked = ("account_id", "dashboard_id", "sheet_id", "visual_ids", "required_tags", "same_for_everyone", "open_data_sets")
        unchanged = Report.objects.filter(pk=report_id, **{column: getattr(report, column) for column in checked})
        unchanged.update(preflight=result.status, preflight_detail=result.detail, preflight_at=now, row_rules=result.row_rules)
    return result


def _dashboard_faults(dashboard: Dashboard, facts: ReportFacts) -> Iterator[str]:
    if not dashboard.version:
        yield _("Dashboard “%(id)s” is not published.") % {"id": facts.dashboard_id}
    if facts.sheet_id not in [sheet.id for sheet in dashboard.sheets]:
        known = ", ".join(sheet.id for sheet in dashboard.sheets) or "-"
        yield _("Dashboard “%(id)s” has no sheet “%(sheet)s”. Its sheets: %(known)s.") % {
            "id": facts.dashboard_id,
            "sheet": facts.sheet_id,
            "known": known,
        }
    if not dashboard.dataset_arns and not facts.same_for_everyone:
        yield _("Dashboard “%(id)s” names no data set, so nothing shows that rows are held back.") % {"id": facts.dashboard_id}


def _visual_faults(definition: Definition, facts: ReportFacts) -> Iterator[str]:
    on_sheet = {visual.id: visual for visual in definition.visuals if visual.sheet_id == facts.sheet_id}
    for visual_id in facts.visual_ids:
        visual = on_sheet.get(visual_id)
        if visual is None:
            yield _("Sheet “%(sheet)s” has no visual “%(visual)s”.") % {"sheet": facts.sheet_id, "visual": visual_id}
        elif not visual.is_exportable:
            yield _("Visual “%(visual)s” is no table or pivot table: only those come as CSV or Excel.") % {"visual": visual_id}


def _parameter_faults(definition: Definition, facts: ReportFacts) -> Iterator[str]:
    declared = {parameter.name: parameter for parameter in definition.parameters}
    for parameter in sorted(facts.parameters, key=lambda parameter: parameter.name):
        found = declared.get(parameter.name)
        if found is None:
            known = ", ".join(declared) or "-"
            yield _("The dashboard has no parameter “%(name)s”. Its parameters: %(known)s.") % {"name": parameter.name, "known": known}
        elif found.type != parameter.type:
            yield _("Parameter “%(name)s” is of type %(type)s in the dashboard.") % {"name": parameter.name, "type": found.type}
        elif parameter.multiple and not found.multiple:
            yield _("Parameter “%(name)s” takes one value in the dashboard, not several.") % {"name": parameter.name}


def _row_rules(data_set: DataSet, facts: ReportFacts) -> dict[str, Any]:
    return {
        "dataset": data_set.id,
        "enabled": data_set.rules_enabled,
        "rules": [{"key": rule.key, "delimiter": rule.delimiter, "match_all": rule.match_all} for rule in data_set.rules],
        "groups": [list(group) for group in data_set.groups],
        "open": data_set.id in facts.open_data_sets,
    }
