"""`/events/`: what webhooks are told, for programs that ask instead."""

from __future__ import annotations

import json
from typing import Any

from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api.v1 import event_data
from reports.api.v1.body import Resource
from reports.api.v1.query import Filter, Query, one_of, window
from reports.api.v1.view import V1View
from reports.events import API_VERSION
from reports.models import Event


@extend_schema_field(
    PolymorphicProxySerializer(component_name="EventData", serializers=list(event_data.KINDS), resource_type_field_name=None)
)
class EventData(serializers.JSONField):
    pass


class EventOut(Resource):
    """The body that webhooks get."""

    id = serializers.UUIDField(help_text="The `webhook-id` too.")
    type = serializers.ChoiceField(choices=Event.Type.values, help_text="More may come.")
    created_at = serializers.DateTimeField()
    timestamp = serializers.DateTimeField(help_text="The same as `created_at`.")
    api_version = serializers.ChoiceField(choices=[API_VERSION])
    tenant = serializers.SlugField()
    data = EventData(help_text="By `type`.")  # type: ignore[assignment]

    def to_representation(self, row: Event) -> dict[str, Any]:
        """As it was written: a later release would tell it another way."""
        return {name: value for name, value in json.loads(row.body).items() if name in self.fields}


class Events(V1View):
    scopes = {"GET": "webhooks:read"}
    query = Query(
        filters=(Filter("type", one_of(Event.Type.values), "Of these types.", many=True), *window("created", "created_at")),
        by="created_at",
        fields=EventOut,
    )

    @extend_schema(operation_id="list_events")
    def get(self, request: Request) -> Response:
        """What happened in the last 30 days.

        For programs without an address that webhooks could call. Ask with `order=created_at` and a `created_after` some minutes before
        the newest that you have, since an event is seen when its transaction ends; know by `id` which you had.
        """
        with self.caller.scope():
            return self.get_page(Event.objects.for_tenant(self.caller.tenant))
