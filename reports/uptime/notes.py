"""What platform staff tell everybody on the page of the service's status. In the staff's scope; each act is in the audit trail."""

from __future__ import annotations

from datetime import datetime

from reports.models import ServiceNote
from tenants.audit import Actor, record

SHOWN = 50


def write(actor: Actor, now: datetime, *, kind: str, title: str, text: str, begins_at: datetime, ends_at: datetime | None) -> ServiceNote:
    note = ServiceNote(kind=kind, title=title, text=text, begins_at=begins_at, ends_at=ends_at, by=actor.label[:254])
    note.save(force_insert=True)
    record(actor, "service_note.written", now=now, tenant=None, about=note, after=_facts(note))
    return note


def end(note: ServiceNote, actor: Actor, now: datetime) -> bool:
    """It is over. False: it was before. What has not begun yet was never so, and is taken back."""
    found = ServiceNote.objects.select_for_update().filter(pk=note.pk).first()
    if found is None or (found.ends_at and found.ends_at <= now):
        return False
    before = _facts(found)
    if found.begins_at > now:
        found.delete()
        record(actor, "service_note.taken_back", now=now, tenant=None, about=note, before=before)
    else:
        ServiceNote.objects.filter(pk=found.pk).update(ends_at=now)
        record(actor, "service_note.ended", now=now, tenant=None, about=note, before=before, after={"ends_at": now.isoformat()})
    return True


def _facts(note: ServiceNote) -> dict[str, object]:
    return {
        "kind": note.kind,
        "title": note.title,
        "text": note.text,
        "begins_at": note.begins_at.isoformat(),
        "ends_at": note.ends_at.isoformat() if note.ends_at else None,
    }
