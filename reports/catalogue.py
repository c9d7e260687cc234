"""The catalogue: checking its reports at QuickSight, and declaring one the same for everyone."""

from __future__ import annotations

import logging
import uuid
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from reports.aws.catalogue import DeclaredParameter
from reports.aws.clients import AccountFacts
from reports.aws.quicksight import QuickSight
from reports.models import Account, Pause, Report, ReportParameter
from reports.preflight import Preflight, ReportFacts, preflight
from reports.refused import Refused
from tenants.audit import Actor, record
from tenants.models import User
from tenants.scope import engine_scope, platform_scope

logger = logging.getLogger(__name__)
Status = Report.Preflight


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


def facts_of(account: Account) -> AccountFacts:
    """Where to call and as whom, as plain values for reports/aws."""
    return AccountFacts(account.aws_account_id, account.region, account.role_arn, account.external_id)


def read_facts(account_id: int) -> AccountFacts:
    """Outside any scope: whom to be there is nothing that a tenant's scope may read."""
    with engine_scope():
        return facts_of(Account.objects.get(pk=account_id))


def check_and_store(quicksight: QuickSight, report_id: uuid.UUID, account_id: int, began: datetime) -> Preflight:
    """Asks the account about a stored report and keeps the answer. `began` is now, by the database's clock.

    Opens its own scopes, none around the calls; raises as `preflight` does.
    """
    with platform_scope():
        report = Report.objects.get(pk=report_id)
        facts = report_facts(report, list(report.parameters.all()))
    before = Preflight(report.preflight, row_rules=report.row_rules, dashboard_version=report.dashboard_version)
    result = preflight(quicksight, facts, before=before)
    stored = _store(report, result, quicksight.account, account_id, began)
    if stored and result.status == Status.REFUSED and not report.is_refused:
        logger.warning("report %s is refused: %s %s", report.slug, result.detail, result.remedy)
    elif stored and result.status == Status.PASSED and report.is_refused:
        logger.info("report %s is no longer refused", report.slug)
        with engine_scope():
            Pause.objects.by_itself().of_report(report.pk).update(probe_at=began)
    return result


def _store(report: Report, result: Preflight, asked: AccountFacts, account_id: int, began: datetime) -> bool:
    """Only if the row is still what was checked, in the account that was asked: an `apply` in between may have named another dashboard,
    moved the report or its account, or said that nothing is known. And an answer that took longer does not replace one that was asked
    for later.
    """
    checked = ("dashboard_id", "sheet_id", "visual_ids", "required_tags", "same_for_everyone", "open_data_sets", "preflight")
    unchanged = Report.objects.filter(pk=report.pk, account=account_id, **{column: getattr(report, column) for column in checked})
    newer = Q(preflight_at=None) | Q(preflight_at__lte=began)
    with engine_scope():
        # Locked as `apply` does, before the report: else the account could move between the look and the update.
        account = Account.objects.select_for_update(no_key=True).get(pk=account_id)
        return facts_of(account) == asked and bool(unchanged.filter(newer).update(**result.columns(began)))


def declare_same_for_everyone(report: Report, declared: bool, actor: Actor, *, reason: str, now: datetime) -> bool:
    """Data sets without a tag rule are no reason to refuse the report, from now on or (`declared` false) no longer.

    For staff, and for commands of the platform's operators: raises Refused for any other actor. False when nothing changes.
    The report has to be checked again before it runs. In the platform's scope.
    """
    if not _is_of_the_platform(actor):
        raise Refused("staff_only", _("Only staff of the platform may say that a report is the same for everyone."))
    if declared and not reason.strip():
        raise Refused("reason_needed", _("Say why the rows are the same for everyone."))
    if report.same_for_everyone == declared:
        return False
    columns = {"same_for_everyone": declared} | Preflight(Status.NOT_CHECKED).columns(now)
    for name, value in columns.items():
        setattr(report, name, value)
    report.save(update_fields=list(columns))
    before, after = {"same_for_everyone": not declared}, {"same_for_everyone": declared, "reason": reason.strip()}
    record(actor, "report.same_for_everyone", now=now, tenant=None, about=report, before=before, after=after)
    return True


def _is_of_the_platform(actor: Actor) -> bool:
    if actor.user_id is None:
        # A command names nobody and answers no request; who may run it holds the platform's database login.
        return actor.api_key_id is None and not actor.request_id
    return User.objects.filter(pk=actor.user_id, is_staff=True, is_active=True).exists()
