"""Making a schedule and changing one. Pages and the API call the same function."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from itertools import count
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from reports import jobs, scheduling
from reports.address_book.addresses import clean_address
from reports.destinations import choosing
from reports.models import Audience, Destination, Grant, Schedule, ScheduleTemplate
from reports.occurrences import noting
from reports.refused import Place, Refused
from reports.schedules import addressees, checks
from reports.schedules.addressees import Addressees
from reports.templates import owned
from tenants.audit import Actor, record
from tenants.models import Tenant

# What people set, beside the report, the owner and the passcode. In this order they are compared and written down.
PLAIN = (
    "name",
    "formats",
    "visual_ids",
    "parameters",
    "cron",
    "timezone",
    "starts_on",
    "ends_on",
    "missed",
    "ready_by",
    "subject",
    "message",
    "cc",
    "attach",
    "skip_if_empty",
    "tell_owner",
    "remind_after_days",
    "receipts",
    "link_days",
    "link_max_uses",
    "link_protection",
    "release",
    "usual_percent",
    "must_contain",
    "hold_hours",
)
TIMES = ("cron", "timezone", "starts_on", "ends_on")
DEFAULT_AUDIENCE = ""


@dataclass(frozen=True)
class Form:
    """What a page knows beside the values: `key` makes a button pressed twice one schedule, `version` is what its reader saw."""

    key: uuid.UUID | None = None
    version: str = ""


@dataclass(frozen=True)
class Whom:
    """Who and what gets the tenant's own rows; None: as it is."""

    people: Addressees | None
    destinations: list[Destination] | None


def save(
    tenant: Tenant,
    actor: Actor,
    values: dict[str, Any],
    *,
    schedule: Schedule | None = None,
    form: Form | None = None,
    template: ScheduleTemplate | None = None,
    now: datetime,
) -> Schedule:
    """In the tenant's scope. Raises Refused with a place for each fault, and then nothing was stored.

    `values`: the names of PLAIN, `report` (a slug), `owner` (the id of a member, or None), `passcode` (as it will be typed) and who is in
    the audience that gets the tenant's own rows: `recipients` (lines of addresses and names of groups) or `recipient_ids`, and
    `destinations` (ids). A new one may have a `slug`. What is left out stays as it is. `template`: the platform's, whose values these are;
    nobody else may set them.
    """
    form = form or Form()
    if schedule is not None:
        schedule = _locked(schedule, form.version)
    wanted, people = draft(tenant, values, schedule=schedule, now=now)
    if template is not None:
        wanted.template_id = template.pk
    elif schedule is not None:
        owned.refuse_changes(schedule, wanted)
    if people:
        addressees.take_room(tenant, people)
    if values.get("passcode"):
        wanted.link_passcode = make_password(values["passcode"])
    _set_due(wanted, schedule, now)
    whom = Whom(people, choosing.by_id(tenant, values["destinations"]) if "destinations" in values else None)
    if schedule is None:
        return _create(wanted, actor, whom, form, now)
    return _change(wanted, schedule, actor, whom, "passcode" if values.get("passcode") else "", now)


def draft(tenant: Tenant, values: dict[str, Any], *, schedule: Schedule | None = None, now: datetime) -> tuple[Schedule, Addressees | None]:
    """What `save` would store, and whom it would go to (None: as it is). Stores nothing, and raises Refused as `save` does."""
    report = values.get("report") or (schedule and schedule.report.slug) or ""
    grant = _find_grant(tenant, report)
    wanted = _as_it_will_be(tenant, schedule, values, grant)
    people = _people(tenant, values)
    _refuse_faults([*checks.faults(wanted, grant, values, now=now), *(people.places("recipients") if people else [])])
    wanted.formats = jobs.check_formats(grant, wanted.formats)
    wanted.cc = list(dict.fromkeys(clean_address(address) for address in wanted.cc))
    return wanted, people


def _people(tenant: Tenant, values: dict[str, Any]) -> Addressees | None:
    if "recipient_ids" in values:
        return addressees.by_id(tenant, values["recipient_ids"])
    return addressees.read(tenant, values["recipients"]) if "recipients" in values else None


def version_of(schedule: Schedule) -> str:
    """Changes with everything people can edit: two who edit at once must not undo each other's work without a word."""
    seen = [repr(getattr(schedule, name)) for name in (*PLAIN, "report_id", "owner_id", "link_passcode", "retired_at")]
    return blake2b("\0".join(seen).encode(), digest_size=8).hexdigest()


def _locked(schedule: Schedule, version: str) -> Schedule:
    current = Schedule.objects.for_tenant(schedule.tenant).select_for_update(of=("self",)).select_related("report").get(pk=schedule.pk)
    current.tenant = schedule.tenant
    if current.retired_at:
        raise Refused("schedule_retired", _("This schedule was removed meanwhile. Duplicate it to start again."))
    if version and version != version_of(current):
        raise Refused("changed_meanwhile", _("Somebody else changed this schedule while you edited it. Nothing of yours is saved yet."))
    return current


def _find_grant(tenant: Tenant, slug: str) -> Grant:
    try:
        return jobs.find_grant(tenant, slug)
    except Refused as refused:
        place = Place(("report",), "does_not_exist", _("Choose one of the reports that are shared with you."))
        raise Refused(refused.code, place.detail, (place,)) from refused


def _as_it_will_be(tenant: Tenant, schedule: Schedule | None, values: dict[str, Any], grant: Grant) -> Schedule:
    fields = {"timezone": tenant.timezone} | {name: getattr(schedule, name) for name in PLAIN if schedule}
    fields |= {name: values[name] for name in PLAIN if name in values}
    wanted = Schedule(tenant=tenant, report=grant.report, **fields)
    wanted.owner_id = values.get("owner", schedule.owner_id if schedule else None)
    wanted.slug = values.get("slug", "")
    if schedule is not None:
        wanted.pk, wanted.slug, wanted.link_passcode = schedule.pk, schedule.slug, schedule.link_passcode
        wanted.enabled, wanted.paused_at, wanted.paused_by = schedule.enabled, schedule.paused_at, schedule.paused_by
        wanted.created_at, wanted.template_id = schedule.created_at, schedule.template_id
    return wanted


def _refuse_faults(faults: list[Place]) -> None:
    if faults:
        raise Refused("schedule_invalid", " ".join(fault.detail for fault in faults), tuple(faults))


def _set_due(wanted: Schedule, schedule: Schedule | None, now: datetime) -> None:
    """What came due by the old times and is not noted yet leaves its rows before the new ones count."""
    if schedule and schedule.fault:
        # It is put right with this: what the portal itself paused goes on.
        wanted.enabled, wanted.paused_at, wanted.paused_by, wanted.fault = True, None, "", ""
    elif schedule and all(getattr(wanted, name) == getattr(schedule, name) for name in TIMES):
        wanted.next_run_at = schedule.next_run_at
        return
    if schedule:
        noting.note_all(schedule, now)
    wanted.next_run_at = scheduling.next_run(wanted, now)


def _create(wanted: Schedule, actor: Actor, whom: Whom, form: Form, now: datetime) -> Schedule:
    """The key's own id: a second press meets the first one's row. Of the tenant, too: nobody can ask for another's id."""
    if form.key is not None:
        wanted.pk = uuid.uuid5(wanted.tenant.pk, str(form.key))
    first = Schedule.objects.for_tenant(wanted.tenant).filter(pk=wanted.pk).first()
    if first is not None and _same_wish(first, wanted):
        return first
    if first is not None:
        # Back in the browser, and something else typed into the same form: that is another schedule.
        wanted.pk = uuid.uuid4()
    chosen, wanted.slug = wanted.slug, wanted.slug or _free_slug(wanted)
    try:
        with transaction.atomic():
            wanted.save(force_insert=True)
    except IntegrityError:
        if chosen:
            raise _taken(chosen) from None
        # The other press of the button was quicker, or somebody took the name.
        first = Schedule.objects.for_tenant(wanted.tenant).filter(pk=wanted.pk).first()
        if first is not None:
            return first
        wanted.slug = f"{wanted.slug[:60]}-{uuid.uuid4().hex[:8]}"
        wanted.save(force_insert=True)
    after = _told(wanted, *PLAIN) | {"report": wanted.report.slug, "owner": wanted.owner_id}
    after |= {name: has for name, (_had, has) in _put(wanted, whom).items()}
    record(actor, "schedule.created", now=now, tenant=wanted.tenant, about=wanted, after=after)
    return wanted


def _change(wanted: Schedule, schedule: Schedule, actor: Actor, whom: Whom, secret: str, now: datetime) -> Schedule:
    changed = [name for name in PLAIN if getattr(wanted, name) != getattr(schedule, name)]
    before, after = _told(schedule, *changed), _told(wanted, *changed)
    for name, old, new in (
        ("report", schedule.report.slug, wanted.report.slug),
        ("owner", schedule.owner_id, wanted.owner_id),
        ("fault", schedule.fault, wanted.fault),
    ):
        if old != new:
            before[name], after[name] = old, new
    if secret:
        after[secret] = "changed"
    wanted.save(force_update=True)
    for name, (had, has) in _put(wanted, whom).items():
        if had != has:
            before[name], after[name] = had, has
    if after:
        record(actor, "schedule.changed", now=now, tenant=wanted.tenant, about=wanted, before=before, after=after)
    return wanted


def _put(schedule: Schedule, whom: Whom) -> dict[str, tuple[list[str], list[str]]]:
    """What the schedule's own audience had and has, as the audit trail tells it, of what was given."""
    people, there = whom.people, whom.destinations
    audience = Audience.objects.filter(tenant=schedule.tenant, schedule=schedule, name=DEFAULT_AUDIENCE).first()
    if audience is None and not there and not (people and (people.emails or people.groups)):
        nothing: tuple[list[str], list[str]] = ([], [])
        return {"recipients": nothing} if people is not None else {}
    audience = audience or Audience.objects.create(tenant=schedule.tenant, schedule=schedule, name=DEFAULT_AUDIENCE)
    audience.tenant = schedule.tenant
    changes = {"recipients": addressees.put(audience, people)} if people is not None else {}
    return changes | ({"destinations": choosing.put(audience, there)} if there is not None else {})


def _told(schedule: Schedule, *names: str) -> dict[str, Any]:
    """As JSON, for the audit trail."""
    values = {name: getattr(schedule, name) for name in names}
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in values.items()}


def _same_wish(first: Schedule, wanted: Schedule) -> bool:
    return all(getattr(first, name) == getattr(wanted, name) for name in (*PLAIN, "report_id", "owner_id"))


def _taken(slug: str) -> Refused:
    detail = _("Another schedule has the short name %(slug)s. One that was removed keeps its own.") % {"slug": slug}
    return Refused("slug_taken", detail, (Place(("slug",), "slug_taken", detail),))


def _free_slug(schedule: Schedule) -> str:
    """`month-close`, `month-close-2` …: the first one that nobody has, retired schedules included."""
    base = slugify(schedule.title)[:60].strip("-") or "schedule"
    taken = set(Schedule.objects.for_tenant(schedule.tenant).filter(slug__startswith=base).values_list("slug", flat=True))
    return next(slug for number in count(1) if (slug := base if number == 1 else f"{base}-{number}") not in taken)
