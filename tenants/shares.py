"""What staff give a company of the slots, and how much of it may wait."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from tenants.audit import Actor, record
from tenants.models import Tenant


@dataclass(frozen=True)
class Shares:
    """`weight` is of turns while others wait. `max_running` and `max_waiting` count jobs; None: no limit of its own."""

    weight: float
    max_running: int | None
    max_waiting: int | None


def shares_of(tenant: Tenant) -> Shares:
    return Shares(tenant.weight, tenant.max_running, tenant.max_waiting)


def set_shares(tenant: Tenant, wanted: Shares, actor: Actor, because: str, *, now: datetime) -> bool:
    """False where they were so already: nothing is written then. Jobs that run or wait already stay. In the staff scope."""
    before = shares_of(Tenant.objects.select_for_update(of=("self",)).get(pk=tenant.pk))
    if before == wanted:
        return False
    Tenant.objects.filter(pk=tenant.pk).update(**asdict(wanted))
    after = asdict(wanted) | {"because": because}
    record(actor, "tenant.shares_set", now=now, tenant=tenant, about=tenant, before=asdict(before), after=after)
    return True
