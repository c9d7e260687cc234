"""Taking back what one did a moment ago. Pages alone: a program says exactly what it wants.

What can be taken back is asked about by no page; whoever did it has ten minutes, once, in the company where it was done. A row that
somebody changed since stays as it is. In the tenant's scope.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.core import signing
from django.utils.translation import gettext as _

from reports.address_book import several as several_people
from reports.models import Undo
from reports.refused import Refused
from reports.schedules import several as several_schedules
from reports.selected import Outcome
from tenants.audit import Actor
from tenants.models import Tenant

Act = Undo.Act
LIFE = timedelta(minutes=10)
SALT = "reports.undoing"
WAYS_BACK: dict[str, Callable[[Tenant, list[dict[str, Any]], Actor, datetime], Outcome]] = {
    Act.SCHEDULES_PAUSED: several_schedules.undo_pause,
    Act.SCHEDULES_RESUMED: several_schedules.undo_resume,
    Act.SCHEDULES_REMOVED: several_schedules.undo_retire,
    Act.RECIPIENTS_REMOVED: several_people.put_back,
}


def remember(tenant: Tenant, actor: Actor, act: str, rows: list[dict[str, Any]], now: datetime) -> str:
    """The token that takes it back; empty where nothing was done, or by nobody who could come back. In the transaction of the act."""
    if not rows or actor.user_id is None:
        return ""
    kept = Undo.objects.create(tenant=tenant, user_id=actor.user_id, act=act, rows=rows, created_at=now)
    return signing.dumps([kept.pk.hex, tenant.pk.hex, actor.user_id], salt=SALT)


def undo(tenant: Tenant, actor: Actor, token: str, acts: frozenset[str], now: datetime) -> tuple[str, Outcome]:
    """Which of `acts` it was, and what came of it. Raises Refused where it cannot be taken back, or was."""
    kept = Undo.objects.filter(tenant=tenant, pk=_id_of(tenant, actor, token), user=actor.user_id, act__in=acts)
    # Taken first: of two who press at once the second one finds it taken.
    if not kept.filter(undone_at=None, created_at__gt=now - LIFE).update(undone_at=now):
        raise _too_late()
    found = kept.get()
    outcome = WAYS_BACK[found.act](tenant, found.rows, actor, now)
    # It may say who was removed.
    kept.update(rows=[])
    return found.act, outcome


def _id_of(tenant: Tenant, actor: Actor, token: str) -> uuid.UUID:
    try:
        pk, of_tenant, of_user = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, UnicodeError):
        raise _too_late() from None
    if (of_tenant, of_user) != (tenant.pk.hex, actor.user_id):
        raise _too_late()
    return uuid.UUID(pk)


def _too_late() -> Refused:
    """Whatever is wrong with the token: what somebody else did is nothing that could be told of."""
    return Refused("too_late", _("This can no longer be undone: it was undone already, or was more than ten minutes ago."))
