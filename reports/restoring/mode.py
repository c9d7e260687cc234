"""Restored mode: one column says that nothing is noted, started or sent. Who begins it, or ends it, is on record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F
from django.db.models.functions import Coalesce, Greatest, Now

from reports.alerts import alert, settle
from reports.models import Installation
from reports.restoring import server
from tenants.audit import Actor, record
from tenants.scope import engine_scope

PORTAL, ALARM = Actor("portal"), "database_restored"
WHAT_TO_DO = (
    "Nothing is noted, started or mailed, pages go on working. Look at `manage.py restored`, then let it go on with "
    "`manage.py restored --resume`. If this is a copy for tests, give it a PORTAL_BUCKET of its own instead."
)


@dataclass(frozen=True)
class State:
    """The database is a backup of `backup_at`, found out at `since`. `because` is a sentence's beginning for people."""

    since: datetime
    because: str
    backup_at: datetime


def state() -> State | None:
    """None: nothing of the kind. In any scope, or in none."""
    row = Installation.objects.exclude(restored_at=None).only("restored_at", "because", "backup_at").first()
    if row is None or row.restored_at is None or row.backup_at is None:
        return None
    return State(row.restored_at, str(Installation.Because(row.because).label), row.backup_at)


def installation() -> Installation:
    """The row, made when it is first asked for. Outside any scope."""
    row = Installation.objects.first()
    if row is None:
        with engine_scope():
            Installation.objects.bulk_create([Installation()], ignore_conflicts=True)
            row = Installation.objects.get()
    return row


def begin(because: str, actor: Actor = PORTAL, *, backup_at: datetime | None = None, behind: int | None = None) -> bool:
    """Outside any scope. False: it has begun already, or (`behind` a mark's generation) somebody has moved on past that mark.

    Without `backup_at` it is the time of the last mark that this database knows of: what is older is surely in it.
    """
    installation()
    with engine_scope():
        rows = Installation.objects.filter(restored_at=None)
        if behind is not None:
            rows = rows.filter(generation__lt=behind)
        begun = rows.update(restored_at=Now(), because=because, backup_at=backup_at or Coalesce(F("marked_at"), Now()))
    found = state()
    if not begun or found is None:
        return False
    facts = {"because": because, "backup_at": found.backup_at.isoformat()}
    record(actor, "restore.found", now=found.since, tenant=None, after=facts)
    alert(ALARM, sentence(found))
    return True


def sentence(found: State) -> str:
    return f"This database is a backup of about {found.backup_at:%Y-%m-%d %H:%M}Z ({found.because}). {WHAT_TO_DO}"


def end(actor: Actor, action: str, now: datetime, *, past: int, after: dict[str, object]) -> bool:
    """`past`: the mark's generation, which this database leaves behind. False: it was over already. Outside any scope."""
    with engine_scope():
        rows = Installation.objects.exclude(restored_at=None)
        # From now on this is the server: it is not compared with the one before, whose mails it knows by other ids.
        settled = {"restored_at": None, "because": "", "backup_at": None, "server": server.identity()}
        ended = rows.update(**settled, generation=Greatest(F("generation"), past) + 1)
    if ended:
        record(actor, action, now=now, tenant=None, after=after)
        settle(ALARM)
    return bool(ended)
