"""Making a webhook, and what one may be."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from reports.models import Event, Webhook
from reports.models.webhooks import WebhookQuerySet
from reports.outbound.posting import CheckedUrl
from reports.refused import Place, Refused
from reports.webhooks import secrets
from tenants.audit import Actor, record
from tenants.models import Tenant

MOST = 10
MOST_DESCRIPTION = 200
# What can be asked for by name. A ping goes to the webhook that is tested, and to no other.
OFFERED: tuple[str, ...] = tuple(type for type in Event.Type.values if type != Event.Type.PING)
# With a hash of the tenant's id; other locks of the portal have numbers of their own.
LOCK_CLASS = 7206


@dataclass(frozen=True)
class Wanted:
    """`url` as reports/outbound let it through; `events` names types of OFFERED, or is ["*"]."""

    url: CheckedUrl
    events: Sequence[str]
    description: str = ""


@dataclass(frozen=True)
class Made:
    """The secret is not in its repr, so that no log or error page has it."""

    webhook: Webhook
    secret: str = field(repr=False)


def create(tenant: Tenant, actor: Actor, wanted: Wanted, *, now: datetime) -> Made:
    """Raises Refused: unknown_event, too_many_webhooks, webhook_exists. In the tenant's scope."""
    wanted = checked(wanted)
    one_at_a_time(tenant.pk)
    refuse_twin(Webhook.objects.for_tenant(tenant), wanted)
    if Webhook.objects.for_tenant(tenant).count() >= MOST:
        raise Refused("too_many_webhooks", _("A company has at most %(n)d webhooks. Delete one that is not needed.") % {"n": MOST})
    secret = secrets.new_secret()
    webhook = Webhook(tenant=tenant, created_by=actor.label[:254], created_at=now, **values(wanted))
    webhook.sealed_secret, webhook.secret_hint = secrets.seal(webhook, secret), secret[-secrets.HINT :]
    webhook.save(force_insert=True)
    webhook.refresh_from_db(fields=["version", "updated_at"])
    record(actor, "webhook.created", now=now, tenant=tenant, about=webhook, after=facts(webhook))
    return Made(webhook, secret)


def checked(wanted: Wanted) -> Wanted:
    """With its events once each, in our order. Raises Refused."""
    named = set(wanted.events)
    if named == {Webhook.EVERYTHING}:
        return wanted
    places = tuple(
        Place(("events", str(number)), "invalid_choice", _("There is no event %(name)s.") % {"name": name[:40]})
        for number, name in enumerate(wanted.events)
        if name not in OFFERED
    )
    if places or not named:
        detail = _("Name at least one of these events, or * alone for all: %(all)s.") % {"all": ", ".join(OFFERED)}
        raise Refused("unknown_event", detail, places or (Place(("events",), "empty", detail),))
    return Wanted(wanted.url, [type for type in OFFERED if type in named], wanted.description)


def refuse_twin(others: WebhookQuerySet, wanted: Wanted) -> None:
    """Asked for twice, every event would come twice. Raises Refused."""
    if others.filter(url=wanted.url, events=values(wanted)["events"]).exists():
        detail = _("There is a webhook for this address and these events already.")
        raise Refused("webhook_exists", detail, (Place(("url",), "taken", detail),))


def values(wanted: Wanted) -> dict[str, Any]:
    return {"url": wanted.url, "events": list(dict.fromkeys(wanted.events)), "description": wanted.description[:MOST_DESCRIPTION]}


def facts(webhook: Webhook) -> dict[str, Any]:
    """For the audit trail: without the path of the URL, which may hold a secret of the receiver's."""
    return {"host": host(webhook), "events": webhook.events, "status": webhook.status}


def host(webhook: Webhook) -> str:
    return webhook.url.partition("://")[2].partition("/")[0].partition("?")[0]


def one_at_a_time(tenant_id: uuid.UUID) -> None:
    """Until the commit: two who make the last one at once would both find room."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK_CLASS, str(tenant_id)])
