"""What each part of the service is like at this moment, by what the engine knows. In the engine's scope, without a call to anybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

from reports.engine import pump
from reports.models import Account, CapacitySample, Heartbeat, MailBudget, Pause, ServicePart
from reports.restoring import mode

Part, State = ServicePart.Part, ServicePart.State
# What is missed for so long was no chance: each of them is done once a minute.
SILENT_AFTER = timedelta(minutes=3)
# A job that waits so long, while every slot is taken, waits because there is too much to do, for a few minutes in a row.
LONG_WAIT, MINUTES_IN_A_ROW = timedelta(minutes=15), 3
# What is due goes out within seconds. While it is in hand, it is due again at the end of its lease.
LATE = timedelta(minutes=10)
# One company's flood, or its slow server, makes its own wait and nobody else's: of two companies it is ours.
OVERDUE = """
select count(distinct waiting.tenant_id) >= (select greatest(1, least(2, count(*))) from tenants_tenant)
  from {table} waiting
 where waiting.next_try_at < %(before)s and {only}
   and not exists (select from reports_pause pause where pause.kind = 'delivery' and pause.tenant_id = waiting.tenant_id)
   and not exists (select from tenants_tenant tenant where tenant.id = waiting.tenant_id and tenant.suspended_at is not null)
"""
MAIL = OVERDUE.format(table="reports_delivery", only="channel = 'email' and status in ('pending', 'sending')")
FILES = OVERDUE.format(table="reports_delivery", only="channel <> 'email' and status in ('pending', 'sending')")
MESSAGES = OVERDUE.format(table="reports_webhookdelivery", only="status in ('pending', 'failed')")


@dataclass(frozen=True)
class Verdict:
    """`state` empty: nobody knows. `cause`: of reports/uptime/words.py; empty where it works."""

    state: str
    cause: str = ""


WORKS, UNKNOWN = Verdict(State.WORKS), Verdict("")


def judge(now: datetime) -> dict[str, Verdict]:
    """By part."""
    if mode.state():
        back = Verdict(State.DOWN, "restored")
        held: dict[str, Verdict] = {Part.MAKING: back, Part.MAIL: back, Part.ELSEWHERE: back}
    else:
        held = {Part.MAKING: _making(now), Part.MAIL: _mail(now), Part.ELSEWHERE: _elsewhere(now)}
    answers = {row.part: row for row in ServicePart.objects.filter(part__in=(Part.SITE, Part.API))}
    for part in (Part.SITE, Part.API):
        held[part] = _answering(answers.get(part), now)
    return held


def _answering(row: ServicePart | None, now: datetime) -> Verdict:
    """As the web processes found it. Who was heard of and is no more does not answer."""
    if row is None or row.answered_at is None:
        return UNKNOWN
    if row.answered_at < now - SILENT_AFTER:
        return Verdict(State.DOWN, "no_answer")
    return Verdict(row.answered, row.answered_cause)


def _making(now: datetime) -> Verdict:
    if not Heartbeat.objects.filter(cluster=pump.ENGINE, beat_at__gte=now - SILENT_AFTER).exists():
        return Verdict(State.DOWN, "engine_silent")
    accounts = Account.objects.filter(slots__gt=0)
    rest = {
        "refused": accounts.exclude(refused_since=None),
        "unanswered": accounts.exclude(unanswered_since=None),
        "paused": accounts.filter(pk__in=Pause.objects.filter(kind=Pause.Kind.ACCOUNT).values("account")),
    }
    resting = {cause: set(found.values_list("pk", flat=True)) for cause, found in rest.items()}
    if any(resting.values()):
        cause = next(cause for cause, found in resting.items() if found)
        # Of several accounts some tenants' reports go on.
        is_all = set().union(*resting.values()) == set(accounts.values_list("pk", flat=True))
        return Verdict(State.DOWN if is_all else State.SLOW, cause)
    return Verdict(State.SLOW, "waits") if _waits_long(now) else WORKS


def _waits_long(now: datetime) -> bool:
    lately = CapacitySample.objects.filter(at__gt=now - (MINUTES_IN_A_ROW + 1) * timedelta(minutes=1))
    full = lately.filter(Q(in_use__gte=1), oldest_seconds__gt=LONG_WAIT.total_seconds())
    by_account: dict[int, int] = {}
    for account, in_use, slots in full.values_list("account", "in_use", "slots"):
        by_account[account] = by_account.get(account, 0) + (in_use >= slots)
    return max(by_account.values(), default=0) >= MINUTES_IN_A_ROW


def _mail(now: datetime) -> Verdict:
    if Pause.objects.filter(kind=Pause.Kind.DELIVERY, tenant=None).exists():
        return Verdict(State.DOWN, "mail_paused")
    if MailBudget.objects.exclude(refused_since=None).exists():
        return Verdict(State.DOWN, "mail_refused")
    return Verdict(State.SLOW, "mail_late") if _is_overdue(MAIL, now) else WORKS


def _elsewhere(now: datetime) -> Verdict:
    late = _is_overdue(FILES, now) or _is_overdue(MESSAGES, now)
    return Verdict(State.SLOW, "files_late") if late else WORKS


def _is_overdue(question: str, now: datetime) -> bool:
    with connection.cursor() as cursor:
        # nosemgrep: sql-from-text - tables and conditions are our own words
        cursor.execute(question, {"before": now - LATE})
        return bool(cursor.fetchone()[0])
