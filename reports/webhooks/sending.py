"""One message, from its lease to its outcome: read inside its company, posted without a transaction, written down in another one."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import InterfaceError, OperationalError, connection

from reports.after_sending import place_of, write_down
from reports.alerts import EVENT_LASTS, alert
from reports.delivery.traced import traced
from reports.due import Taken
from reports.models import Webhook, WebhookDelivery
from reports.outbound import posting
from reports.outbound.errors import NotCalled
from reports.webhooks import outcomes, reasons, secrets, signing
from reports.webhooks.outcomes import Outcome
from reports.webhooks.retries import MOST_TRIES
from reports.webhooks.taking import LEASE_SECONDS
from tenants import log_context, tracing
from tenants.encryption import Unreadable
from tenants.scope import tenant_scope

logger = logging.getLogger(__name__)
Clock = Callable[[], datetime]
UNREADABLE = (
    "The secret of a webhook cannot be read with the keys in use, so nothing is sent to it. `manage.py reencrypt` names all such webhooks. "
    "Put their key back into PORTAL_ENCRYPTION_KEYS within three days: their messages are tried again until then."
)
OUR_FAULT = Outcome(None, reasons.INTERNAL, 0)


@dataclass(frozen=True)
class Message:
    """The URL may hold a secret of the receiver's, and the secrets are ours: neither is in its repr."""

    event_id: uuid.UUID
    body: str
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    traceparent: str = ""


def carry(taken: Taken, clock: Clock) -> None:
    """Never raises: a fault of ours on one message stops no other. Runs in a thread of its own, outside any scope."""
    with log_context.about(tenant=taken.tenant_id):
        try:
            try_once(taken, clock)
        except (OperationalError, InterfaceError):
            # Nothing was sent, or its outcome could not be written for as long as its lease: the lease says when it is tried again.
            logger.warning("webhook message %s: the database did not answer", taken.id)
        except Exception as error:
            # Without the error's own text, which may be a URL.
            logger.error("webhook message %s: %s in our own code at %s", taken.id, type(error).__name__, place_of(error))
            _write_down(lambda: outcomes.write(taken, OUR_FAULT, clock()))
        finally:
            connection.close()


def try_once(taken: Taken, clock: Clock) -> None:
    if taken.tries > MOST_TRIES:
        # No try ended in order, or the last one would have ended it: whatever it does to its process, it does so no more.
        _write_down(lambda: outcomes.write(taken, OUR_FAULT, clock()))
        return
    try:
        message = prepare(taken, clock())
    except Unreadable:
        alert("webhook_secret_unreadable", UNREADABLE, lasts=EVENT_LASTS)
        _write_down(lambda: outcomes.write(taken, OUR_FAULT, clock()))
        return
    if message is not None:
        if not connection.in_atomic_block:
            # Nobody needs it for as long as a slow receiver takes.
            connection.close()
        with traced(taken.tenant_id, taken.id, "webhook", taken.tries, message.traceparent) as span:
            outcome = post(message, clock())
            span.end_as(outcome.error or tracing.OK, failed=bool(outcome.error))
        _write_down(lambda: outcomes.write(taken, outcome, clock()))


def prepare(taken: Taken, now: datetime) -> Message | None:
    """None: it is somebody else's by now, or it may not go just now, and that is written."""
    with tenant_scope(taken.tenant_id):
        found = (
            WebhookDelivery.objects.select_related("webhook", "event", "tenant")
            .filter(tenant=taken.tenant_id, pk=taken.id, lease_until=taken.until, status__in=WebhookDelivery.OPEN)
            .first()
        )
        if found is None:
            return None
        if found.tenant.suspended_at or found.webhook.status != Webhook.Status.ACTIVE:
            # It was taken a moment before that.
            outcomes.put_back(taken, found, now)
            return None
        return message_of(found, now)


def message_of(delivery: WebhookDelivery, now: datetime) -> Message:
    """In the tenant's scope. Raises Unreadable."""
    webhook = delivery.webhook
    event = delivery.event
    return Message(event.pk, event.body, webhook.url, secrets.signing(webhook, now), event.traceparent)


def post(message: Message, now: datetime) -> Outcome:
    """In no transaction."""
    headers = signing.headers(message.event_id, message.body, message.secrets, now)
    begun = time.monotonic()
    try:
        answer = posting.post(message.url, message.body.encode(), headers)
    except NotCalled as error:
        return Outcome(None, error.code, time.monotonic() - begun)
    return Outcome(answer.status, _verdict(answer.status), answer.seconds, answer.retry_after)


def _verdict(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if status == 410:
        return reasons.GONE
    return reasons.REDIRECTED if 300 <= status < 400 else reasons.NOT_2XX


def _write_down(write: Callable[[], object]) -> None:
    write_down(write, LEASE_SECONDS)
