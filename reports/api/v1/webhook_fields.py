"""Webhooks as API v1 takes and tells them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from reports.api.v1.body import Body, Resource
from reports.api.v1.fields import Choice, Instant, Text
from reports.models import Event, Webhook, WebhookDelivery
from reports.outbound.posting import MOST_URL
from reports.webhooks.making import MOST_DESCRIPTION
from reports.webhooks.reasons import cause_of, why_disabled

MOST_NAMES, MOST_NAME = 40, 40
# What a company sets; `disabled` is the portal's.
SETTABLE = [str(Webhook.Status.ACTIVE), str(Webhook.Status.PAUSED)]


class WebhookIn(Body):
    url = Text(max_length=MOST_URL, help_text="https, on port 443, at a public address.")
    events = serializers.ListField(
        child=Text(max_length=MOST_NAME),
        min_length=1,
        max_length=MOST_NAMES,
        help_text='Types of events, or `["*"]` for all, those to come too.',
    )
    description = Text(max_length=MOST_DESCRIPTION, allow_blank=True, allow_null=True, required=False)


class WebhookChange(WebhookIn):
    status = Choice(choices=SETTABLE, required=False, help_text="paused: what waits for it waits on, and it is told of nothing new.")


class ReplayIn(Body):
    since = Instant(help_text="Not before this time. Events are kept for 30 days.")
    until = Instant(allow_null=True, required=False, help_text="Before this time. null: until now.")
    types = serializers.ListField(
        child=Choice(choices=Event.Type.values), max_length=MOST_NAMES, required=False, help_text="Of these types. Empty: what it asks for."
    )


class WebhookOut(Resource):
    id = serializers.UUIDField()
    url = serializers.URLField()
    events = serializers.ListField(child=serializers.CharField())
    description = serializers.SerializerMethodField()
    status = serializers.ChoiceField(choices=Webhook.Status.values, help_text="disabled: by the portal; active again by PATCH.")
    disabled_reason = serializers.SerializerMethodField()
    secret_hint = serializers.CharField(help_text="The end of its secret.")
    old_secret_until = Instant(allow_null=True, help_text="Until then the secret before this one signs too. null: there was none.")
    created_at = Instant()
    updated_at = Instant()
    version = serializers.IntegerField(help_text="The ETag has it too.")

    def get_description(self, row: Webhook) -> str | None:
        return row.description or None

    def get_disabled_reason(self, row: Webhook) -> str | None:
        """Why the portal does not send to it. null: it does, or its owner paused it."""
        return str(why_disabled(row.disabled_reason)) or None


class WebhookMade(WebhookOut):
    sparse = False
    secret = serializers.CharField(help_text="Shown this once. It verifies what is sent, as Standard Webhooks has it.")


class TestOut(serializers.Serializer[Any]):
    ok = serializers.BooleanField()
    text = serializers.CharField(help_text="What happened, for people.")
    response_status = serializers.IntegerField(allow_null=True, help_text="null: there was no answer.")
    duration_s = serializers.FloatField()


class ReplayOut(serializers.Serializer[Any]):
    events = serializers.IntegerField(min_value=0, help_text="How many are sent again.")


class DeliveryErrorOut(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Stable; more may come.")
    message = serializers.CharField()


class WebhookDeliveryOut(Resource):
    # Each row's `last` is set by reports/webhooks/log.py.
    id = serializers.UUIDField()
    event = serializers.UUIDField(source="event_id", help_text="Its `webhook-id` too, on every try.")
    type = serializers.ChoiceField(source="event.type", choices=Event.Type.values)
    status = serializers.ChoiceField(choices=WebhookDelivery.Status.values, help_text="failed: it is tried again. dead: it is not.")
    attempt = serializers.IntegerField(source="tries", min_value=0, help_text="Of ten; counted anew by a replay. 0: not tried yet.")
    response_status = serializers.SerializerMethodField(help_text="Of the last try. null: there was no answer, or no try.")
    duration_s = serializers.SerializerMethodField(help_text="Of the last try.")
    next_attempt_at = Instant(allow_null=True, help_text="null: it has ended, is on its way, or waits until its webhook is active again.")
    error = serializers.SerializerMethodField(help_text="Of the last try. null: it was taken, or there was no try.")
    created_at = Instant()
    ended_at = Instant(allow_null=True)

    def get_response_status(self, row: Any) -> int | None:
        return row.last.response_status if row.last else None

    def get_duration_s(self, row: Any) -> float | None:
        return row.last.duration_ms / 1000 if row.last else None

    @extend_schema_field(DeliveryErrorOut(allow_null=True))
    def get_error(self, row: Any) -> Any:
        code = row.last.error if row.last else ""
        return {"code": code, "message": str(cause_of(code).message)} if code else None
