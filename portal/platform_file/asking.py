"""Asking QuickSight about the reports of a file. Outside any transaction, at the pace of each account's request budget."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _

from portal.platform_file.faults import Faults
from portal.platform_file.run import Preflights, Question, Wanted
from reports.aws.clients import AccountFacts
from reports.aws.errors import AccessDenied, AccountRefused, AwsError
from reports.aws.quicksight import QuickSight
from reports.engine.limiter import wait_for_turn
from reports.models import Account, Report
from reports.preflight import Preflight, preflight
from tenants.scope import platform_scope


def ask(wanted: Mapping[Wanted, Question]) -> tuple[Preflights, Faults]:
    """What QuickSight said of each, and a fault for each account that gave no answer."""
    results: Preflights = {}
    faults = Faults()
    silent: set[str] = set()
    gates = {question.account.name: _gate(question.account) for question in wanted.values()}
    for (facts, report), question in wanted.items():
        account = question.account
        if account.name in silent:
            continue
        before = Preflight(Report.Preflight.NOT_CHECKED, row_rules=question.row_rules)
        try:
            results[facts, report] = preflight(QuickSight(facts, gate=gates[account.name]), report, before=before)
        except AwsError as error:
            silent.add(account.name)
            faults.add(_("account “%(name)s”") % {"name": account.name}, _no_answer(error, facts))
    return results, faults


def _gate(account: Account) -> Callable[[], None]:
    """An account that is not stored yet has no budget to share, so nobody else calls it either."""
    with platform_scope():
        known = Account.objects.filter(name=account.name).first()
    if known is not None:
        return lambda: wait_for_turn(known.pk)
    return lambda: time.sleep(1 / account.requests_per_second)


def _no_answer(error: AwsError, facts: AccountFacts) -> str:
    if isinstance(error, AccessDenied | AccountRefused):
        return _(
            "QuickSight refused access to AWS account %(id)s in %(region)s (%(code)s). Check the AWS credentials that apply runs with and "
            "their permissions (docs/operations.md lists them), and the account's role_arn and external_id. Or use --skip-preflight: "
            "then a report is checked before its first job starts."
        ) % {"id": facts.aws_account_id, "region": facts.region, "code": error.code}
    return _(
        "QuickSight could not be asked about its reports (%(code)s). Try again when it answers, or use --skip-preflight: "
        "then a report is checked before its first job starts."
    ) % {"code": error.code}
