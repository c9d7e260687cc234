"""[[tenant.schedule.recipient]] and [[tenant.schedule.audience]]: who gets a schedule's files, and which narrower rows."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from portal.platform_file import recipients
from portal.platform_file.reading import Entry
from portal.platform_file.run import Run
from reports.address_book.references import reference
from reports.models import Audience, AudienceGroup, AudienceRecipient, Recipient, RecipientGroup, Report, Schedule
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
        else:
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
        recipients.check_domain(schedule.tenant, entry.label, entry, "email")
        if audience is None:
            audience = Audience.objects.create(tenant=schedule.tenant, schedule=schedule, name=DEFAULT)
        if recipient is None:
            recipient = recipients.add(schedule.tenant, entry.label, run, entry.values.get("name", ""))
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
    if "recipients" in entry.values:
        _set_recipients(schedule, audience, entry, run)
    if "groups" in entry.values:
        _set_groups(schedule, audience, entry, run)
    if not entry.bad and not audience.recipients.exists() and not audience.groups.exists():
        entry.fault("recipients", _("name at least one address here, or a group in `groups`."))


def _set_recipients(schedule: Schedule, audience: Audience, entry: Entry, run: Run) -> None:
    wanted = entry.values["recipients"]
    recipients.check_domains(schedule.tenant, wanted, entry, "recipients")
    for recipient in recipients.find_or_create(schedule.tenant, wanted, run):
        _join(schedule, audience, recipient, run)
    _drop(schedule, audience, audience.recipients.exclude(email__in=wanted), run)


def _set_groups(schedule: Schedule, audience: Audience, entry: Entry, run: Run) -> None:
    wanted = entry.values["groups"]
    known = {group.name: group for group in RecipientGroup.objects.filter(tenant=schedule.tenant, name__in=wanted)}
    name = f"{schedule.tenant.slug}/{schedule.slug}/{audience}"
    for position, group in enumerate(wanted, 1):
        if group not in known:
            entry.fault(f"groups[{position}]", _("there is no group “%(name)s”.") % {"name": group})
            continue
        joined, is_new = AudienceGroup.objects.get_or_create(tenant=schedule.tenant, audience=audience, group=known[group])
        if is_new:
            run.changes.added("audience_group", f"{name}/{group}", joined, {}, schedule.tenant)
    for joined in AudienceGroup.objects.filter(tenant=schedule.tenant, audience=audience).exclude(group__name__in=wanted):
        run.changes.removed("audience_group", f"{name}/{joined.group.name}", joined, {}, schedule.tenant)
        AudienceGroup.objects.filter(tenant=schedule.tenant, pk=joined.pk).delete()


def _check_narrowing(entry: Entry, tags: dict[str, str], report: Report) -> None:
    try:
        refuse_unsafe_narrowing(tags, entry.values.get("session_tags", {}), report)
    except Refused as refused:
        for place in refused.places:
            entry.fault(".".join(place.path), place.detail)


def _join(schedule: Schedule, audience: Audience, recipient: Recipient, run: Run) -> None:
    joined, is_new = AudienceRecipient.objects.get_or_create(tenant=schedule.tenant, audience=audience, recipient=recipient)
    if is_new:
        who = {"person": reference(recipient.pk)}
        run.changes.added("audience_recipient", _membership(schedule, audience, recipient), joined, who, schedule.tenant)


def _drop(schedule: Schedule, audience: Audience, recipients: Iterable[Recipient], run: Run) -> None:
    """The address stays in the tenant's address book: other schedules may use it."""
    for joined in AudienceRecipient.objects.filter(tenant=schedule.tenant, audience=audience, recipient__in=list(recipients)):
        who = {"person": reference(joined.recipient_id)}
        run.changes.removed("audience_recipient", _membership(schedule, audience, joined.recipient), joined, who, schedule.tenant)
        AudienceRecipient.objects.filter(tenant=schedule.tenant, pk=joined.pk).delete()


def _remove(schedule: Schedule, audience: Audience, run: Run) -> None:
    name = f"{schedule.tenant.slug}/{schedule.slug}/{audience.name}"
    run.changes.removed("audience", name, audience, {"session_tags": audience.session_tags}, schedule.tenant)
    Audience.objects.filter(tenant=schedule.tenant, pk=audience.pk).delete()


def _membership(schedule: Schedule, audience: Audience, recipient: Recipient) -> str:
    return f"{schedule.tenant.slug}/{schedule.slug}/{audience}/{recipient.email}"
