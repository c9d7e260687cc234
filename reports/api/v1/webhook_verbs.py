"""What can be done with a webhook: testing it, a new secret, and sending it again what it was sent or was not."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api.v1.body import Nothing
from reports.api.v1.view import V1View
from reports.api.v1.webhook_fields import ReplayIn, ReplayOut, TestOut, WebhookMade
from reports.api.v1.webhooks import WebhookView, with_secret
from reports.webhooks import pinging, replaying, rotating
from reports.webhooks.reasons import cause_of

SINCE = {"since": "2026-11-22T00:00:00Z", "until": "2026-11-23T00:00:00Z", "types": ["job.completed"]}
TAKEN = {"ok": True, "text": "The receiver took it.", "response_status": 204, "duration_s": 0.182}


class TestWebhook(WebhookView):
    scopes = {"POST": "webhooks:write"}
    refuses = {"POST": ("test_running",)}

    @extend_schema(
        operation_id="test_webhook",
        request=None,
        responses={200: TestOut},
        examples=[OpenApiExample("It works", TAKEN, response_only=True)],
    )
    def post(self, request: Request, webhook: str) -> Response:
        """Send `webhook.ping` to a webhook now.

        Also to one that is paused or disabled. The answer comes when the receiver has answered, after 15 seconds at most, and is 200
        whatever that was. It is not repeated by itself.
        """
        Nothing.read(request)
        with self.caller.scope():
            found = self.found(webhook)
        tried = pinging.ping(found, self.caller.actor, timezone.now)
        if tried is None:
            raise NotFound
        text = cause_of(tried.error).message if tried.error else _("The receiver took it.")
        answer = {
            "ok": not tried.error,
            "text": text,
            "response_status": tried.response_status,
            "duration_s": tried.duration_ms / 1000,
        }
        return Response(TestOut(answer).data)


class RotateSecret(WebhookView):
    scopes = {"POST": "webhooks:write"}
    idempotency = V1View.OPTIONAL

    @extend_schema(operation_id="rotate_webhook_secret", request=None, responses={200: WebhookMade})
    def post(self, request: Request, webhook: str) -> Response:
        """Give a webhook a new secret.

        It is shown this once. Until `old_secret_until`, 24 hours from now, the one before it signs too. Replaced twice within that
        time, the first of the three signs no more: send an Idempotency-Key, so that a lost answer can be asked for again.
        """
        Nothing.read(request)

        def act() -> Response:
            made = rotating.rotate_secret(self.found(webhook), self.caller.actor, now=timezone.now())
            return Response(with_secret(made).data)

        return self.create(act)


class ReplayWebhook(WebhookView):
    scopes = {"POST": "webhooks:write"}

    @extend_schema(
        operation_id="replay_webhook",
        request=ReplayIn,
        responses={202: ReplayOut},
        examples=[OpenApiExample("A day", SINCE, request_only=True)],
    )
    def post(self, request: Request, webhook: str) -> Response:
        """Send the events of a time again.

        Under their ids, also those that were taken, and those of which the webhook was not told. To one that is not active they wait
        until it is.
        """
        with self.caller.scope():
            found, body = self.found(webhook), ReplayIn.read(request)
            count = replaying.replay_since(
                found, self.caller.actor, body["since"], body.get("until"), body.get("types", ()), now=timezone.now()
            )
        return Response(ReplayOut({"events": count}).data, status=202)
