"""What templates need beyond Django's own tags: icons, times in the tenant's zone, and how a state looks."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from django import template
from django.conf import settings
from django.template.exceptions import TemplateSyntaxError
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from portal import audit_rows, browsers, job_rows, schedule_words, status, waiting, words
from portal.icons import icon_paths
from portal.requests import TenantRequest
from reports.address_book.listing import Gets
from reports.delivery.failures import words as words_of_failure
from reports.models import Format, Link, Recipient, SnapshotFile, SnapshotJob
from reports.retelling import retold
from tenants import audit_actions
from tenants.models import Tenant

register = template.Library()
ARN_OR_ACCOUNT = re.compile(r"arn:aws[\w-]*:\S+|\b\d{12}\b")

register.simple_tag(words.zone_city, name="zone_city")
register.filter("duration", words.duration)
register.filter("file_size", words.file_size)
register.filter("whole", words.whole)
register.filter("hex", words.hexadecimal)
register.filter("retold", retold)
register.filter("audit_words", audit_actions.words)
register.filter("audit_facts", audit_rows.facts)
register.filter("aws_account", words.aws_account)
register.filter("visual_kind", words.visual_kind)
register.filter("job_look", status.of_job)
register.filter("starter", job_rows.starter)
register.filter("attempt_look", status.of_attempt)
register.filter("sent_look", status.of_sent)
register.filter("why_not_sent", words_of_failure)

MOMENTS: dict[str, Callable[[datetime], str]] = {
    "": words.moment,
    "long": words.moment_long,
    "clock": words.clock,
    "clock-minute": lambda at: f"{timezone.localtime(at):%H:%M}",
    "date": lambda at: words.day_long(timezone.localdate(at)),
    "day": lambda at: schedule_words.day_and_time(at, timezone.now()),
    "near": lambda at: words.moment_near(at, timezone.now()),
    "Near": lambda at: capfirst(words.moment_near(at, timezone.now())),
}
ICON = (
    '<svg class="icon{}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-linecap="round" '
    'stroke-linejoin="round" aria-hidden="true">{}</svg>'
)


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """`extra` is more classes, such as `icon--s`."""
    try:
        paths = icon_paths(name)
    except LookupError as error:
        raise TemplateSyntaxError(str(error)) from error
    strokes = format_html_join("", '<path d="{}"/>', ((path,) for path in paths))
    return format_html(ICON, f" {extra}" if extra else "", strokes)


@register.simple_tag
def moment(at: datetime, style: str = "", css: str = "") -> SafeString:
    """A `<time>`; `style` is one of MOMENTS."""
    return format_html('<time datetime="{}"{}>{}</time>', at.isoformat(), _class(css), MOMENTS[style](at))


@register.filter
def may(request: TenantRequest, action: str) -> bool:
    """Whether the person may do an action of tenants/access.py, on a page inside a company."""
    return request.may(action)


@register.filter
def preflight_look(value: str) -> status.Look:
    return status.PREFLIGHTS[value]


@register.filter
def as_time(text: str) -> datetime:
    """Of a time that was kept as JSON."""
    return datetime.fromisoformat(text)


@register.filter
def seconds_until(start: datetime, end: datetime | None) -> float:
    """From `start` to `end`, or to now while there is no end."""
    return ((end or timezone.now()) - start).total_seconds()


@register.simple_tag
def elapsed(start: datetime) -> SafeString:
    """How long since `start`; portal.js counts on."""
    seconds = max(0, int((timezone.now() - start).total_seconds()))
    return format_html('<span data-elapsed="{}">{}</span>', seconds, words.duration(seconds))


@register.simple_tag
def duration_patterns() -> str:
    return "|".join(str(pattern) for pattern in words.DURATIONS)


@register.filter
def place_in_line(job: SnapshotJob) -> str:
    return waiting.place(job, timezone.now())


@register.filter
def why_waiting(job: SnapshotJob) -> str:
    return waiting.why(job, timezone.now())


register.filter("is_stopped", waiting.is_stopped)


@register.filter
def days_until(end: datetime) -> int:
    return max(0, (end - timezone.now()).days)


@register.filter
def link_look(link: Link) -> status.Look:
    return status.LINKS[link.status(timezone.now())]


@register.filter
def can_be_revoked(link: Link) -> bool:
    """Also one that has ended: whoever has it could else ask for a new one."""
    return link.is_working(timezone.now()) or link.can_be_renewed(timezone.now())


register.filter("browser", browsers.family)


@register.filter
def address_look(reason: str | None) -> status.Look:
    """Of an address: why nothing is sent there, or None."""
    return status.ADDRESSES[reason]


@register.filter
def initials(person: Recipient) -> str:
    """Two letters for the round mark: of the name's first and last word, or of the address."""
    words = person.name.split() or re.split(r"[.@_-]+", person.email)[:2]
    return "".join(word[:1] for word in (words[0], words[-1] if len(words) > 1 else "")).upper()


@register.filter
def has_all_rows(gets: Iterable[Gets]) -> bool:
    return any(not one.rows for one in gets)


@register.filter
def format_name(value: str) -> str:
    """`Excel` for EXCEL."""
    return str(Format(value).label)


@register.filter
def in_order(files: Iterable[SnapshotFile]) -> list[SnapshotFile]:
    """What people read first comes first: PDF, then the tables."""
    return sorted(files, key=lambda file: Format.values.index(file.format))


@register.filter
def is_past_days(job: SnapshotJob, tenant: Tenant) -> bool:
    """Whether its files were kept for the company's days and are gone."""
    return job.is_past_days(tenant, timezone.now())


@register.filter
def sheet_letters(value: str) -> str:
    """The three letters on the drawing of a file."""
    return {Format.EXCEL: "XLS"}.get(Format(value), value)


@register.filter
def format_names(values: Iterable[str]) -> str:
    """`PDF, Excel`"""
    return ", ".join(format_name(value) for value in values)


@register.filter
def short_id(pk: uuid.UUID) -> str:
    """The first block of an id: what people read out and search for."""
    return str(pk)[:8]


@register.filter
def value_words(value: Any) -> str:
    """A parameter's value, one or several."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(words.parameter(part) for part in value)
    return words.parameter(value)


@register.inclusion_tag("portal/_steps.html")
def steps(look: status.Look) -> dict[str, Any]:
    """The bar of five steps of a job that is still moving."""
    marks = ["done" if place < look.step else "now" if place == look.step else "" for place in range(1, 6)]
    return {"look": look, "marks": marks}


@register.simple_tag
def platform_name() -> str:
    """Whose portal it is: on sign-in, errors, and wherever a company is told who set something up."""
    return str(settings.PLATFORM_NAME)


@register.simple_tag
def support_contact() -> str:
    """Where people write when something does not work; empty: the platform tells none."""
    return str(settings.PORTAL_SUPPORT_EMAIL)


def _class(css: str) -> SafeString | str:
    return format_html(' class="{}"', css) if css else ""


@register.filter
def without_places(text: str) -> str:
    """AWS's own words for support, without the account and the roles in them: those are the platform's, not its customer's."""
    return ARN_OR_ACCOUNT.sub("[…]", text)
