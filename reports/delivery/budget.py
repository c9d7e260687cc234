"""How fast our sender may send, and whether it is let in at all: one row, shared by every host. In no tenant's scope."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.db.models import F
from django.db.models.functions import Greatest, Now

from reports.alerts import alert, settle
from reports.delivery.channel import OurFault
from reports.delivery.email_url import EmailSetup
from reports.models import MailBudget
from tenants.scope import engine_scope
from tenants.secrets import storable

# While we are refused, one mail asks again this often.
PROBE_EVERY = timedelta(seconds=60)
PENALTY = timedelta(seconds=2)
TAKE = """
insert into reports_mailbudget as budget (sender, next_send_at, refused_code, refused_answer)
values (%(sender)s, clock_timestamp() + make_interval(secs => 1 / %(rate)s::float8), '', '')
on conflict (sender) do update
   set next_send_at = greatest(budget.next_send_at, clock_timestamp()) + make_interval(secs => 1 / %(rate)s::float8)
 where budget.refused_since is null or budget.next_send_at <= clock_timestamp()
returning extract(epoch from next_send_at - clock_timestamp())::float8 - 1 / %(rate)s::float8
"""


@dataclass(frozen=True)
class State:
    """`rests`: nothing may be sent just now. `probes`: we were refused, so one mail finds out whether that is over."""

    rests: bool
    probes: bool


def state(setup: EmailSetup) -> State:
    """In the engine's scope."""
    row = MailBudget.objects.filter(sender=setup.sender).annotate(now=Now()).first()
    if row is None:
        return State(rests=False, probes=False)
    is_refused = row.refused_since is not None
    return State(rests=is_refused and row.next_send_at > row.now, probes=is_refused)


def wait_for_turn(setup: EmailSetup) -> bool:
    """Takes the sender's next free instant and sleeps until it comes, in no transaction. False: all mail rests since a moment ago."""
    with engine_scope(), connection.cursor() as cursor:
        cursor.execute(TAKE, {"sender": setup.sender, "rate": setup.rate})
        row = cursor.fetchone()
    if row is None:
        return False
    if row[0] > 0:
        time.sleep(row[0])
    return True


def slow_down(setup: EmailSetup) -> None:
    """The other side found us too fast: somebody else sends there too. Everybody waits."""
    with engine_scope():
        MailBudget.objects.filter(sender=setup.sender).update(next_send_at=Greatest(F("next_send_at"), Now()) + PENALTY)


def rest(setup: EmailSetup, fault: OurFault) -> None:
    """All mail waits, but for one a minute. Whoever runs the platform is told when it begins, and not again."""
    facts = {"refused_code": fault.code, "refused_answer": storable(fault.answer)[:500], "next_send_at": Now() + PROBE_EVERY}
    with engine_scope():
        rows = MailBudget.objects.filter(sender=setup.sender)
        begins = rows.filter(refused_since=None).update(refused_since=Now(), **facts)
        if not begins:
            rows.update(**facts)
    if begins:
        alert(
            "mail_refused",
            f"No mail is sent, because {setup.where} refuses us ({fault.code}: {fault.answer}). Nothing is lost and no try is counted. "
            "Put EMAIL_URL, its login or its sender right; it goes on by itself within a minute.",
            setup.sender,
        )


def go_on(setup: EmailSetup) -> bool:
    """A mail was let in. Whether that ended a rest."""
    with engine_scope():
        refused = MailBudget.objects.filter(sender=setup.sender).exclude(refused_since=None)
        ended = bool(refused.update(refused_since=None, refused_code="", refused_answer="", next_send_at=Now()))
    if ended:
        settle("mail_refused", setup.sender)
    return ended
