"""The log of a webhook: each event that it was told of, and what came back."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api.v1.body import Nothing
from reports.api.v1.query import Filter, Query, one_of
from reports.api.v1.webhook_fields import WebhookDeliveryOut
from reports.api.v1.webhooks import WebhookView
from reports.models import Event, Webhook, WebhookDelivery
from reports.webhooks import log, replaying


def _of(webhook: Webhook) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(tenant=webhook.tenant_id, webhook=webhook).select_related("event", "webhook").defer("event__body")


class WebhookDeliveries(WebhookView):
    scopes = {"GET": "webhooks:read"}
    query = Query(
        filters=(
            Filter("status", one_of(WebhookDelivery.Status.values), "In these states.", many=True),
            Filter("type", one_of(Event.Type.values), "Of events of these types.", many=True, lookup="event__type"),
        ),
        by="created_at",
        fields=WebhookDeliveryOut,
    )

    @extend_schema(operation_id="list_webhook_deliveries")
    def get(self, request: Request, webhook: str) -> Response:
        """What was sent to a webhook in the last 30 days, and what waits for it."""
        with self.caller.scope():
            return self.get_page(_of(self.found(webhook)), dress=log.with_last_try)


class ReplayDelivery(WebhookView):
    scopes = {"POST": "webhooks:write"}

    @extend_schema(operation_id="replay_webhook_delivery", request=None, responses={202: WebhookDeliveryOut})
    def post(self, request: Request, webhook: str, webhook_delivery: str) -> Response:
        """Send one event again, under its id.

        With all tries before it. One that is on its way just now stays as it is.
        """
        Nothing.read(request)
        with self.caller.scope():
            rows = _of(self.found(webhook))
            found = self.get_object(rows, webhook_delivery)
            replaying.replay(found, self.caller.actor, now=timezone.now())
            again = rows.get(pk=found.pk)
            log.with_last_try([again])
            return Response(WebhookDeliveryOut(again).data, status=202)
