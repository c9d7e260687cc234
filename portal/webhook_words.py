"""What webhooks and their messages are called on pages."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import formats
from django.utils.translation import gettext as _

from reports.models import Event, Webhook, WebhookTry
from reports.webhooks.reasons import cause_of

A_SECOND = 1000


def events(names: Iterable[str]) -> list[str]:
    """`A report failed`, in the order of the list; a type that this release does not know by its name."""
    labels = dict(Event.Type.choices)
    return [_("Everything") if name == Webhook.EVERYTHING else str(labels.get(name, name)) for name in names]


def took(milliseconds: int) -> str:
    """`182 ms`, `1.2 s`, `15 s`"""
    if milliseconds < A_SECOND:
        return f"{milliseconds} ms"
    return f"{formats.number_format(milliseconds / A_SECOND, decimal_pos=1 if milliseconds < 10 * A_SECOND else 0)} s"


def answer(one: WebhookTry) -> str:
    """`503 in 61 ms`; without an answer only how long that took."""
    time = took(one.duration_ms)
    if one.response_status is None:
        return _("No answer, %(time)s") % {"time": time}
    return _("%(status)d in %(time)s") % {"status": one.response_status, "time": time}


def tested(one: WebhookTry) -> str:
    if not one.error:
        return _("The test arrived: %(answer)s.") % {"answer": answer(one)}
    cause = cause_of(one.error)
    said = _("The test did not arrive: %(answer)s. %(why)s") % {"answer": answer(one), "why": cause.message}
    return f"{said} {cause.advice}".strip()
