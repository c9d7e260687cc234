"""What is wrong with a schedule as it is to be saved: a place and a sentence for each fault."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from reports import jobs, parameters, scheduling
from reports.address_book.addresses import clean_address, refuse_foreign_domain
from reports.links.making import LONGEST_PASSCODE, MOST_DAYS, MOST_USES, SHORTEST_PASSCODE
from reports.mails.variables import check_text
from reports.models import Format, Grant, Protection, Schedule
from reports.refused import Place, Refused
from tenants.models import Membership
from tenants.models.tenant import check_timezone
from tenants.secrets import is_storable

MAX_NAME, MAX_SUBJECT, MAX_MESSAGE = 120, 200, 4000
MAX_CONTAINED = 120
MAX_COPIES = 10
MOST_REMINDER_DAYS = 30
MOST_PERCENT, MOST_HOLD_HOURS = 500, 168


def faults(schedule: Schedule, grant: Grant, values: dict[str, Any], *, now: datetime) -> list[Place]:
    """In the tenant's scope. `values` as `editing.save` gets them: the passcode as it will be typed is nowhere else."""
    return [
        *_texts(schedule),
        *_variables(schedule),
        *_report(schedule, grant, now),
        *_when(schedule, now),
        *_who(schedule),
        *_links(schedule, values),
        *_reminders(schedule),
        *_gate(schedule),
    ]


def _texts(schedule: Schedule) -> Iterator[Place]:
    for name, limit in (("name", MAX_NAME), ("subject", MAX_SUBJECT), ("message", MAX_MESSAGE), ("must_contain", MAX_CONTAINED)):
        text = getattr(schedule, name)
        if len(text) > limit:
            yield Place((name,), "too_long", _("At most %(limit)d characters.") % {"limit": limit})
        if not is_storable(text):
            yield Place((name,), "invalid", _("It has a character that cannot be stored."))
    for name in ("name", "subject", "must_contain"):
        if any(not character.isprintable() for character in getattr(schedule, name)):
            yield Place((name,), "invalid", _("It has to be one line of text."))


def _gate(schedule: Schedule) -> Iterator[Place]:
    if schedule.release not in Schedule.Release.values:
        yield Place(("release",), "invalid_choice", _("Choose what happens to the files before they are sent."))
    if not 1 <= schedule.usual_percent <= MOST_PERCENT:
        yield Place(("usual_percent",), "invalid", _("Choose 1 to %(limit)d percent.") % {"limit": MOST_PERCENT})
    # What is held longer than files are kept could not be sent any more.
    most = min(MOST_HOLD_HOURS, 24 * schedule.tenant.retention_days)
    if not 1 <= schedule.hold_hours <= most:
        yield Place(("hold_hours",), "invalid", _("Choose 1 to %(limit)d hours.") % {"limit": most})


def _variables(schedule: Schedule) -> Iterator[Place]:
    for name in ("subject", "message"):
        if fault := check_text(getattr(schedule, name)):
            yield Place((name,), "invalid", fault)


def _report(schedule: Schedule, grant: Grant, now: datetime) -> Iterator[Place]:
    try:
        formats = jobs.check_formats(grant, schedule.formats)
        jobs.check_visuals(grant, formats, schedule.visual_ids)
    except Refused as refused:
        yield from (replace(place, code=refused.code) for place in refused.places)
    try:
        parameters.resolve(grant.report.parameters.all(), grant.parameters, schedule.parameters, _zone(schedule), at=now)
    except Refused as refused:
        yield from refused.places
    if schedule.skip_if_empty and Format.CSV not in schedule.formats:
        yield Place(("skip_if_empty",), "invalid", _("Only a CSV tells whether a report is empty. Choose CSV too, or send it always."))


def _when(schedule: Schedule, now: datetime) -> Iterator[Place]:
    try:
        check_timezone(schedule.timezone)
    except ValidationError:
        yield Place(("timezone",), "invalid_timezone", _("Choose a time zone from the list."))
        return
    try:
        scheduling.check_cron(schedule.cron)
    except scheduling.BadCron as error:
        yield Place(("cron",), "invalid_cron", str(error))
        return
    if schedule.missed not in Schedule.Missed:
        yield Place(("missed",), "invalid_choice", _("Choose what happens to missed runs."))
    if schedule.starts_on and schedule.ends_on and schedule.ends_on < schedule.starts_on:
        yield Place(("ends_on",), "end_before_start", _("It ends before it starts."))
    elif scheduling.next_run(schedule, now) is None:
        name = "ends_on" if schedule.ends_on else "cron"
        yield Place((name,), "no_future_run", _("With these dates it would never run again."))


def _who(schedule: Schedule) -> Iterator[Place]:
    tenant = schedule.tenant
    if schedule.owner_id is not None and not Membership.objects.filter(tenant=tenant, user=schedule.owner_id).exists():
        yield Place(("owner",), "does_not_exist", _("The owner has to be a member of your company."))
    for address in schedule.cc:
        try:
            refuse_foreign_domain(tenant, clean_address(address))
        except Refused as refused:
            yield Place(("cc",), refused.code, f"{address[:120]}: {refused.detail}")
    if len(schedule.cc) > MAX_COPIES:
        yield Place(("cc",), "too_long", _("At most %(limit)d addresses get a copy.") % {"limit": MAX_COPIES})
    if schedule.attach and not tenant.allow_attachments:
        yield Place(("attach",), "not_allowed", _("Attachments are switched off for your company; links work."))


def _reminders(schedule: Schedule) -> Iterator[Place]:
    days = schedule.remind_after_days
    if days is not None and not 1 <= days <= MOST_REMINDER_DAYS:
        text = _("People are reminded after 1 to %(limit)d days.") % {"limit": MOST_REMINDER_DAYS}
        yield Place(("remind_after_days",), "invalid", text)


def _links(schedule: Schedule, values: dict[str, Any]) -> Iterator[Place]:
    days, uses, passcode = schedule.link_days, schedule.link_max_uses, values.get("passcode", "")
    if days is not None and not 1 <= days <= MOST_DAYS:
        yield Place(("link_days",), "invalid", _("A link works for 1 to %(limit)d days.") % {"limit": MOST_DAYS})
    if uses is not None and not 1 <= uses <= MOST_USES:
        yield Place(("link_max_uses",), "invalid", _("A link allows 1 to %(limit)d downloads.") % {"limit": MOST_USES})
    if schedule.link_protection not in Protection:
        yield Place(("link_protection",), "invalid_choice", _("Choose what a link asks for."))
    if schedule.link_protection == Protection.PASSCODE and not schedule.link_passcode and not passcode:
        yield Place(("passcode",), "required", _("Type the passcode that you will give out yourself."))
    elif passcode and not SHORTEST_PASSCODE <= len(passcode) <= LONGEST_PASSCODE:
        limits = {"least": SHORTEST_PASSCODE, "most": LONGEST_PASSCODE}
        yield Place(("passcode",), "invalid", _("A passcode has %(least)d to %(most)d characters.") % limits)


def _zone(schedule: Schedule) -> ZoneInfo:
    try:
        check_timezone(schedule.timezone)
    except ValidationError:
        return schedule.tenant.zone
    return schedule.zone
