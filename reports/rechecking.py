"""Preflight again without a run: of reports whose dashboard was republished, and of those that nobody asked about for a day."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime

from reports.aws.errors import AccountRefused, AwsError, NoVerdict
from reports.aws.quicksight import QuickSight
from reports.catalogue import check_and_store
from reports.engine.silence import Silence
from reports.models import Account, Report
from tenants.scope import platform_scope

logger = logging.getLogger(__name__)
# What is left then is due the next time; the task would be killed after 75 seconds.
WINDOW_SECONDS = 40.0


def recheck(account: Account, quicksight: QuickSight, clock: Callable[[], datetime]) -> None:
    """One call for each page of dashboards, and a preflight of each report that is due. Without an answer: again the next time.

    One report without an answer is that report's own trouble; two in a row, or a refusal of the whole account, end the round.

    `clock` tells the database's time. Network calls: no scope is open around them.
    """
    end, silence = time.monotonic() + WINDOW_SECONDS, Silence()
    try:
        published = {dashboard.id: dashboard.version or None for dashboard in quicksight.list_dashboards()}
        for report in _due(account, published, clock()):
            if time.monotonic() > end:
                break
            _check(report, quicksight, clock(), silence)
    except AwsError as error:
        logger.warning("account %s: its reports are not checked this time, QuickSight says %s", account.name, error.code)


def _due(account: Account, published: dict[str, int | None], now: datetime) -> list[Report]:
    with platform_scope():
        reports = Report.objects.filter(account=account)
        seen = reports.in_catalogue().values_list("dashboard_id", "dashboard_version").distinct()
        republished = [dashboard for dashboard, version in seen if published.get(dashboard) != version]
        return list(reports.due_for_preflight(now, republished))


def _check(report: Report, quicksight: QuickSight, began: datetime, silence: Silence) -> None:
    """Raises NoVerdict when it is the account's silence. Whatever else one report comes up with keeps no other from being checked."""
    try:
        check_and_store(quicksight, report.pk, report.account_id, began)
    except AwsError as refusal:
        silence.hear(report.pk, not isinstance(refusal, NoVerdict), refusal.code if isinstance(refusal, AccountRefused) else "")
        if silence.paused:
            raise
        logger.warning("report %s could not be checked, QuickSight says %s", report.slug, refusal.code)
    except Exception:
        logger.exception("report %s could not be checked", report.slug)
    else:
        silence.hear(report.pk, answered=True)
