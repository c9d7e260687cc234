"""What pages of the queue need beyond the portal's own tags."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import template
from django.utils import formats

from portal import pause_words, queue_rows, slot_marks, status, template_rows, tenant_rows
from portal.words import whole
from reports.models import Pause
from reports.restoring import mode

register = template.Library()
register.filter("paused_subject", pause_words.subject)
register.filter("paused_why", pause_words.why)
register.filter("queue_look", status.of_queue)
register.filter("tenant_look", tenant_rows.look)
register.filter("use_look", template_rows.look)
register.filter("why_not", template_rows.why_not)
register.filter("whole", whole)
register.simple_tag(mode.state, name="restored_state")


@register.simple_tag(name="slot_marks")
def marks(account: Any) -> slot_marks.Marks:
    """`account`: of portal.queue_rows.accounts."""
    return slot_marks.marks(account.slots, account.in_use, account.resting)


@register.filter
def paused_address(pause: Pause) -> str:
    return urlencode(pause_words.address(pause))


@register.filter
def counted(number: int) -> str:
    """Of jobs that are counted so far and no further."""
    most = queue_rows.COUNTED_UP_TO
    return f"{whole(most)}+" if number > most else whole(number)


@register.filter
def not_in_line(tenant: Any) -> str:
    """Of portal.queue_rows.tenants; empty: all that wait are in line, or more are than are counted."""
    number = queue_rows.held(tenant)
    more = "+" if tenant.known > queue_rows.COUNTED_UP_TO else ""
    return f"{whole(number)}{more}" if number else ""


@register.filter
def all_waiting(tenant: Any) -> str:
    return counted(tenant.known) if tenant.known > tenant.in_line else whole(tenant.in_line)


@register.filter
def rate(number: float) -> str:
    """`10`, `2.5`"""
    return f"{number:g}"


@register.filter
def in_line(account: Any) -> int:
    """Of portal.queue_rows.accounts."""
    return int(account.waiting_now + account.waiting_scheduled)


@register.filter
def exact_percent(share: float) -> str:
    """`98.9%`; never 100 % where something failed."""
    return f"{formats.number_format(int(share * 1000) / 10, 1)}%"


@register.filter
def percent(share: float) -> str:
    return f"{share:.0%}"
