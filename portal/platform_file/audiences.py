"""[[tenant.schedule.recipient]] and [[tenant.schedule.audience]]: who gets a schedule's files, and which narrower rows."""

from __future__ import annotations

from collections.abc import Iterable

from portal.platform_file.reading import Entry
from portal.platform_file.run import Run
from reports.models import Audience, AudienceRecipient, Recipient, Report, Schedule
from reports.refused import Refused
from reports.session_tags import refuse_unsafe_narrowing

DEFAULT = ""


def apply_audiences(schedule: Schedule, tags: dict[str, str], report: Report, entry: Entry, run: Run) -> None:
    """In the tenant's scope. `tags`: the tenant's own."""
    present = {audience.name: audience for audience in Audience.objects.filter(tenant=schedule.tenant, schedule=schedule)}
    _default_audience(schedule, present.get(DEFAULT), entry.children["recipient"], run)
    for child in entry.children["audience"]:
        audience = present.get(child.label)
        if child.absent:
            if audience is not None:
                _remove(schedule, audience, run)
        elif audience is not None or child.needs("recipients"):
            _check_narrowing(child, tags, report)
            _write(schedule, audience, child, run)


def _default_audience(schedule: Schedule, audience: Audience | None, entries: list[Entry], run: Run) -> None:
    """Recipients of the tenant's own rows, one by one: those who are not mentioned stay."""
    for entry in entries:
        recipient = Recipient.objects.filter(tenant=schedule.tenant, email=entry.label).first()
        if entry.absent:
            if audience is not None and recipient is not None:
                _drop(schedule, audience, [recipient], run)
            continue
        if audience is None:
            audience = Audience.objects.create(tenant=schedule.tenant, schedule=schedule, name=DEFAULT)
        if recipient is None:
            recipient = _new_recipient(schedule, entry.label, run, entry.values.get("name", ""))
        elif "name" in entry.values:
            name = {"name": entry.values["name"]}
            run.changes.update("recipient", f"{schedule.tenant.slug}/{entry.label}", recipient, name, schedule.tenant)
        _join(schedule, audience, recipient, run)


def _write(schedule: Schedule, audience: Audience | None, entry: Entry, run: Run) -> None:
    tags = entry.values.get("session_tags", audience.session_tags if audience else {})
    name = f"{schedule.tenant.slug}/{schedule.slug}/{entry.label}"
    if audience is None:
        audience = Audience.objects.create(tenant=schedule.tenant, schedule=schedule, name=entry.label, session_tags=tags)
        run.changes.added("audience", name, audience, {"session_tags": tags}, schedule.tenant)
    else:
        run.changes.update("audience", name, audience, {"session_tags": tags}, schedule.tenant)
    if "recipients" not in entry.values:
        return
    wanted = entry.values["recipients"]
    known = {recipient.email: recipient for recipient in Recipient.objects.filter(tenant=schedule.tenant, email__in=wanted)}
    for email in wanted:
        _join(schedule, audience, known.get(email) or _new_recipient(schedule, email, run), run)
    _drop(schedule, audience, audience.recipients.exclude(email__in=wanted), run)


def _check_narrowing(entry: Entry, tags: dict[str, str], report: Report) -> None:
    try:
        refuse_unsafe_narrowing(tags, entry.values.get("session_tags", {}), report)
    except Refused as refused:
        for place in refused.places:
            entry.fault(".".join(place.path), place.detail)


def _new_recipient(schedule: Schedule, email: str, run: Run, name: str = "") -> Recipient:
    recipient = Recipient.objects.create(tenant=schedule.tenant, email=email, name=name)
    run.changes.added("recipient", f"{schedule.tenant.slug}/{email}", recipient, {"name": name}, schedule.tenant)
    return recipient


def _join(schedule: Schedule, audience: Audience, recipient: Recipient, run: Run) -> None:
    joined, is_new = AudienceRecipient.objects.get_or_create(tenant=schedule.tenant, audience=audience, recipient=recipient)
    if is_new:
        run.changes.added("audience_recipient", _membership(schedule, audience, recipient), joined, {}, schedule.tenant)


def _drop(schedule: Schedule, audience: Audience, recipients: Iterable[Recipient], run: Run) -> None:
    """The address stays in the tenant's address book: other schedules may use it."""
    for joined in AudienceRecipient.objects.filter(tenant=schedule.tenant, audience=audience, recipient__in=list(recipients)):
        run.changes.removed("audience_recipient", _membership(schedule, audience, joined.recipient), joined, {}, schedule.tenant)
        AudienceRecipient.objects.filter(tenant=schedule.tenant, pk=joined.pk).delete()


def _remove(schedule: Schedule, audience: Audience, run: Run) -> None:
    name = f"{schedule.tenant.slug}/{schedule.slug}/{audience.name}"
    run.changes.removed("audience", name, audience, {"session_tags": audience.session_tags}, schedule.tenant)
    Audience.objects.filter(tenant=schedule.tenant, pk=audience.pk).delete()


def _membership(schedule: Schedule, audience: Audience, recipient: Recipient) -> str:
    return f"{schedule.tenant.slug}/{schedule.slug}/{audience}/{recipient.email}"
