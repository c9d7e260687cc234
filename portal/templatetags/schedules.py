"""What the pages of schedules need: their cadence and periods in words, how runs and deliveries look, the strip of the last runs."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import template
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from portal import schedule_words, status, strips, words
from reports import cadence, periods
from reports.delivery import failures
from reports.models import Delivery, Occurrence, Protection, Schedule, SnapshotFile
from reports.occurrences import reasons
from reports.schedules.ledger import Ledger

register = template.Library()
register.filter("schedule_look", status.of_schedule)
register.filter("run_look", status.of_run)
register.filter("delivery_look", status.of_delivery)
register.filter("cadence", cadence.describe)
register.filter("reason", reasons.words)
register.simple_tag(strips.strip, name="strip")
register.simple_tag(schedule_words.zone_offset)


@register.simple_tag
def form_key() -> SafeString:
    """What makes a button pressed twice do its work once."""
    return format_html('<input type="hidden" name="form_key" value="{}">', uuid.uuid4())


@register.simple_tag
def schedule_city(schedule: Schedule) -> str:
    """`Lisbon` for Europe/Lisbon."""
    return schedule_words.city(schedule.timezone)


@register.simple_tag
def next_run(schedule: Schedule, now: datetime) -> SafeString:
    """When, in the reader's zone, and below it in how long."""
    at = schedule.next_run_at
    assert at, "asked for a schedule that runs again"
    soon = _("in %(time)s") % {"time": words.duration((at - now).total_seconds())} if at > now else _("due now")
    return format_html('<time datetime="{}">{}</time><p class="meta">{}</p>', at.isoformat(), schedule_words.day_and_time(at, now), soon)


@register.simple_tag
def day_word(at: datetime, now: datetime) -> str:
    """`Today`, `Tue 24`"""
    here = timezone.localtime(at)
    return _("Today") if here.date() == timezone.localdate(now) else formats.date_format(here, pgettext("date format", "D j"))


@register.simple_tag
def run_end(run: Occurrence) -> str:
    """`07:31, 1 min 50 s`"""
    took = run.lateness() or 0
    return f"{timezone.localtime(run.ended_at):%H:%M}, {words.duration(took)}"


@register.filter
def may_retry(run: Occurrence, ledger: Ledger) -> bool:
    """Whether something of it failed for good."""
    return bool(ledger.failed) or run.status == Occurrence.Status.FAILED


@register.simple_tag
def delivery_detail(delivery: Any, now: datetime) -> str:
    """Of one with its last_download_at: why it waits or failed, when it is tried again, whether it was fetched."""
    if delivery.status == Delivery.Status.SENT:
        if delivery.placed:
            return _("Placed as %(names)s") % {"names": ", ".join(delivery.placed.values())}
        at = delivery.last_download_at
        return _("Downloaded, last %(at)s") % {"at": words.moment_near(at, now)} if at else _("Not opened yet")
    if delivery.status == Delivery.Status.PENDING and not delivery.tries:
        return _("Waits for its files") if delivery.next_try_at is None else _("Goes out in a moment")
    why, rest = str(failures.words(delivery)), []
    if delivery.tries:
        rest.append(ngettext("%(n)d try", "%(n)d tries", delivery.tries) % {"n": delivery.tries})
    if delivery.status == Delivery.Status.PENDING and delivery.next_try_at:
        rest.append(_("next %(at)s") % {"at": words.soon(delivery.next_try_at, now)})
    return ", ".join(filter(None, [why.rstrip("."), *rest])) if rest else why


@register.filter
def delivery_remark(delivery: Delivery) -> str:
    """That it may have arrived twice; empty as a rule."""
    return str(failures.remark(delivery))


@register.simple_tag
def link_words(schedule: Schedule) -> str:
    """`7 days, with a passcode`"""
    days = schedule.link_days or schedule.tenant.link_days
    told = [ngettext("%(n)d day", "%(n)d days", days) % {"n": days}]
    if schedule.link_max_uses:
        told.append(ngettext("%(n)d download", "%(n)d downloads", schedule.link_max_uses) % {"n": schedule.link_max_uses})
    if schedule.link_protection == Protection.PASSCODE:
        told.append(_("with a passcode"))
    elif schedule.link_protection == Protection.MAILED_CODE:
        told.append(_("with a mailed code"))
    return ", ".join(told)


@register.filter
def period_words(value: Any) -> str:
    """A parameter's value as a schedule has it: `previous month, first day`, or the value itself."""
    if isinstance(value, list):
        return ", ".join(period_words(part) for part in value)
    return str(periods.describe(value)) if isinstance(value, dict) else words.parameter(value)


@register.filter
def total_size(files: Iterable[SnapshotFile]) -> int:
    return sum(file.size_bytes for file in files)


@register.simple_tag
def local_day(local: datetime) -> str:
    """`Sat 28 Nov 2026`, as its own zone has it and not the reader's."""
    return formats.date_format(local.replace(tzinfo=None), pgettext("date format", "D j M Y"))


@register.simple_tag
def local_time(local: datetime) -> str:
    return f"{local:%H:%M}"
