"""`/webhooks/`: a company's own programs that are told of events."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api.v1 import etags
from reports.api.v1.query import Filter, Query, one_of
from reports.api.v1.view import V1View
from reports.api.v1.webhook_fields import WebhookChange, WebhookIn, WebhookMade, WebhookOut
from reports.models import Webhook
from reports.outbound.posting import CheckedUrl, check_url
from reports.refused import Refused
from reports.webhooks import changing, making, removing
from reports.webhooks.making import Made, Wanted

INVALID = ("address_refused", "unknown_event")
EXAMPLE = {"url": "https://hooks.acme.example/reports", "events": ["job.completed", "job.failed"], "description": "data lake"}
ANSWER = {
    "id": "7d0f6c1e-7f5e-4f0e-9a55-0f2f64f0a1b2",
    **EXAMPLE,
    "status": "active",
    "disabled_reason": None,
    "secret_hint": "k3Q=",
    "old_secret_until": None,
    "created_at": "2026-11-23T06:00:02.317261Z",
    "updated_at": "2026-11-23T06:00:02.317261Z",
    "version": 1,
}
STATUS_NOW = {"status": "paused"}


class Webhooks(V1View):
    scopes = {"GET": "webhooks:read", "POST": "webhooks:write"}
    query = Query(
        filters=(Filter("status", one_of(Webhook.Status.values), "In these states.", many=True),), by="created_at", fields=WebhookOut
    )
    idempotency = V1View.OPTIONAL
    versioned = True
    refuses = {"POST": (*INVALID, "webhook_limit", "webhook_exists")}

    @extend_schema(operation_id="list_webhooks")
    def get(self, request: Request) -> Response:
        """All webhooks."""
        with self.caller.scope():
            return self.get_page(Webhook.objects.for_tenant(self.caller.tenant))

    @extend_schema(
        operation_id="create_webhook",
        request=WebhookIn,
        responses={201: WebhookMade},
        examples=[
            OpenApiExample("For a data lake", EXAMPLE, request_only=True),
            OpenApiExample("Made", {**ANSWER, "secret": "whsec_EXAMPLE"}, response_only=True),
        ],
    )
    def post(self, request: Request) -> Response:
        """Add a webhook.

        Its `secret` is shown this once. A company has ten at most. What is sent, and how to verify it, is told in the product's page of
        webhooks.
        """
        body = WebhookIn.read(request)
        url = _look_up(body["url"])

        def act() -> Response:
            # Said here, so that a request which was answered before is answered alike, whatever its name leads to by now.
            if isinstance(url, Refused):
                raise url
            wanted = Wanted(url, body["events"], body.get("description") or "")
            made = making.create(self.caller.tenant, self.caller.actor, wanted, now=timezone.now())
            return self.created(with_secret(made), made.webhook, f"webhooks/{made.webhook.pk}/")

        return self.create(act)


class WebhookView(V1View):
    """Of one."""

    def rows(self) -> QuerySet[Webhook]:
        return Webhook.objects.for_tenant(self.caller.tenant)

    def found(self, webhook: str) -> Webhook:
        """In the caller's scope."""
        return self.get_object(self.rows(), webhook)


class SingleWebhook(WebhookView):
    scopes = {"GET": "webhooks:read", "PATCH": "webhooks:write", "DELETE": "webhooks:write"}
    query = Query(fields=WebhookOut)
    versioned = True
    refuses = {"PATCH": (*INVALID, "webhook_exists")}

    @extend_schema(operation_id="get_webhook", examples=[OpenApiExample("Active", ANSWER, response_only=True)])
    def get(self, request: Request, webhook: str) -> Response:
        """A webhook."""
        with self.caller.scope():
            return self.get_single(self.found(webhook))

    @extend_schema(
        operation_id="change_webhook",
        request=WebhookChange,
        responses=WebhookOut,
        examples=[OpenApiExample("Pause it", STATUS_NOW, request_only=True)],
    )
    def patch(self, request: Request, webhook: str) -> Response:
        """Change, pause or resume a webhook.

        What is left out stays as it is, and what waits goes to the new address. `"status": "active"` also resumes one that the portal
        disabled. Asking to pause one that is disabled leaves it so.
        """
        changes = WebhookChange.read(request, partial=True)
        with self.caller.scope():
            self.found(webhook)
        url = check_url(changes["url"]) if "url" in changes else None
        with self.caller.scope():
            row = etags.hold(request, self.rows(), self.found(webhook))
            changing.change(row, self.caller.actor, _wanted(row, changes, url), now=timezone.now())
            self._set(row, changes.get("status"))
            return self.get_single(row)

    def _set(self, row: Webhook, status: str | None) -> None:
        if status is not None:
            move = changing.pause if status == Webhook.Status.PAUSED else changing.resume
            move(row, self.caller.actor, now=timezone.now())

    @extend_schema(operation_id="delete_webhook", responses={204: None})
    def delete(self, request: Request, webhook: str) -> Response:
        """Delete a webhook, with its log.

        What waits for it is not sent. Events stay.
        """
        with self.caller.scope():
            row = etags.hold(request, self.rows(), self.found(webhook))
            removing.remove(row, self.caller.actor, now=timezone.now())
        return Response(status=204)


def with_secret(made: Made) -> WebhookMade:
    row: Any = made.webhook
    row.secret = made.secret
    return WebhookMade(row)


def _look_up(url: str) -> CheckedUrl | Refused:
    """Outside any scope: it asks the domain name system."""
    try:
        return check_url(url)
    except Refused as refused:
        return refused


def _wanted(row: Webhook, changes: dict[str, Any], url: CheckedUrl | None) -> Wanted:
    """`url` None: it stays what was checked before."""
    description = changes.get("description", row.description) or ""
    return Wanted(url or CheckedUrl(row.url), changes.get("events", row.events), description)
