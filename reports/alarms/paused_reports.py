"""Reports that the portal paused by itself, as alarms: each pause has one while it lasts, whatever died meanwhile."""

from __future__ import annotations

from reports.alerts import alert, settle
from reports.failures import cause_of
from reports.models import Alarm, Pause
from tenants.scope import engine_scope

CODE = "report_paused"


def compare() -> None:
    """Outside any scope."""
    with engine_scope():
        by_itself = Pause.objects.by_itself().filter(kind=Pause.Kind.REPORT)
        pauses = {pause.report.slug: pause for pause in by_itself.select_related("report", "report__account") if pause.report}
        alarms = set(Alarm.objects.filter(code=CODE, ended_at=None).values_list("subject", flat=True))
    for slug in sorted(pauses.keys() - alarms):
        alert(CODE, _sentence(slug, pauses[slug]), slug)
    for slug in sorted(alarms - pauses.keys()):
        settle(CODE, slug)


def _sentence(slug: str, pause: Pause) -> str:
    assert pause.report
    account, number = pause.report.account.name, pause.report.failures_in_row
    times = f"{number} times in a row" if number > 1 else "for a reason that every job of it would meet"
    return (
        f"Report {slug} of account {account} is paused: it failed {times} ({pause.code}: {cause_of(pause.code).message}) "
        "Its jobs wait and none is lost before its deadline; one of them tries now and then, and the first that works ends the pause. "
        "The attempt on the page of a failed job has QuickSight's own words. Put the dashboard, its data sets or the permissions right, "
        f"or resume it by hand: manage.py resume report {slug}."
    )
