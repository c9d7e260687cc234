"""Pausing and resuming by hand: an account, a tenant, a report, or all mail or one tenant's. Pages and commands call the same functions.

In staff's scope or the engine's. What already runs goes on; what waits stays and is not lost before its deadline. The engine takes back
what had been let into the line (`reports/engine/holding.py`), so nothing here depends on a worker that lives.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from reports.engine.pump import wake
from reports.models import Account, Pause, Pump, Report
from reports.models.pauses import PauseQuerySet
from reports.refused import Place, Refused
from tenants.audit import Actor, record
from tenants.models import Tenant
from tenants.suspension import is_suspended, one_at_a_time

Kind = Pause.Kind
Subject = Account | Tenant | Report | None
MOST_BECAUSE = 300
TYPES: dict[str, tuple[type, ...]] = {
    Kind.ACCOUNT: (Account,),
    Kind.TENANT: (Tenant,),
    Kind.REPORT: (Report,),
    Kind.DELIVERY: (Tenant, type(None)),
}


def pause(kind: str, subject: Subject, actor: Actor, because: str, now: datetime) -> bool:
    """False: somebody had paused it before, and nothing changed. One by the portal itself becomes theirs, and ends by hand alone.

    `subject` of a delivery is a tenant, or None: all mail. `because` is what those whose work waits read. Raises Refused without one.
    """
    because = " ".join(because.split())
    if not 0 < len(because) <= MOST_BECAUSE:
        detail = _("Say in 1 to %(n)d characters why: those whose reports wait read it.") % {"n": MOST_BECAUSE}
        raise Refused("reason_needed", detail, (Place(("because",), "invalid", detail),))
    _one_at_a_time(subject)
    rows = _rows(kind, subject)
    if rows.exclude(by="").exists():
        return False
    rows.delete()
    made = Pause(kind=kind, **_columns(kind, subject), since=now, by=actor.label, because=because)
    # Somebody who was quicker has paused it as well.
    Pause.objects.bulk_create([made], ignore_conflicts=True)
    record(actor, f"{kind}.paused", now=now, tenant=None, about=subject, after={"because": because})
    return True


def resume(kind: str, subject: Subject, actor: Actor, now: datetime) -> bool:
    """False: it was not paused. Waiting work goes on within seconds. Raises Refused while the company is suspended."""
    _one_at_a_time(subject)
    if isinstance(subject, Tenant) and is_suspended(subject):
        detail = _("%(company)s is suspended. Resume the company itself: its queue and its email go on with it.")
        raise Refused("tenant_suspended", detail % {"company": subject.name})
    ended = list(_rows(kind, subject).values("by", "because", "code"))
    if not ended:
        return False
    _rows(kind, subject).delete()
    record(actor, f"{kind}.resumed", now=now, tenant=None, about=subject, before=dict(ended[0]))
    # Robust: it is resumed, and a wake-up that could not be sent costs a minute.
    transaction.on_commit(partial(_wake, kind, subject), robust=True)
    return True


def pauses_for(*, account: Account | None = None, tenant: Tenant | None = None, report: Report | None = None) -> list[Pause]:
    """All that holds up work of these; of none of them: every pause there is."""
    rows = Pause.objects.select_related("account", "report").order_by("since")
    if account is None and tenant is None and report is None:
        return list(rows)
    all_mail = Q(kind=Kind.DELIVERY, tenant=None)
    found = all_mail if tenant else Q(pk=None)
    for name, subject in (("account", account), ("tenant", tenant), ("report", report)):
        found |= Q(**{name: subject}) if subject else Q(pk=None)
    return list(rows.filter(found))


def _one_at_a_time(subject: Subject) -> None:
    """Suspending a company looks for its pauses and keeps those that it finds."""
    if isinstance(subject, Tenant):
        one_at_a_time(subject)


def _rows(kind: str, subject: Subject) -> PauseQuerySet:
    return Pause.objects.filter(kind=kind, **{"account": None, "tenant": None, "report": None} | _columns(kind, subject))


def _columns(kind: str, subject: Subject) -> dict[str, Subject]:
    if not isinstance(subject, TYPES[kind]):
        raise TypeError(f"a pause of kind {kind} is not of {subject!r}")
    if subject is None:
        return {}
    return {subject._meta.model_name or "": subject}


def _wake(kind: str, subject: Subject) -> None:
    if kind == Kind.DELIVERY:
        # The courier stands by and looks for itself.
        return
    pumps = Pump.objects.all()
    if isinstance(subject, Account):
        pumps = pumps.filter(account=subject)
    elif isinstance(subject, Report):
        pumps = pumps.filter(account=subject.account_id)
    for account_id in pumps.values_list("account_id", flat=True):
        wake(account_id)
