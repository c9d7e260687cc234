"""`/me/`: whose key this is and what it may do. The call to try first."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api.rates import KEY
from reports.api.v1.fields import Instant
from reports.api.v1.view import V1View


class MeTenant(serializers.Serializer[object]):
    slug = serializers.CharField()
    name = serializers.CharField()
    timezone = serializers.CharField(help_text="IANA name: days and schedules are counted in it.")


class MeKey(serializers.Serializer[object]):
    name = serializers.CharField()
    hint = serializers.CharField(allow_null=True, help_text="Its last characters; null: no key of the portal's own.")
    scopes = serializers.ListField(child=serializers.CharField(), help_text="What it may do now, bounded by the role of who made it.")
    expires_at = Instant(allow_null=True, help_text="null: no end.")
    last_used_at = Instant(allow_null=True, help_text="Before this call, to the minute.")


class MeLimits(serializers.Serializer[object]):
    requests_per_minute = serializers.IntegerField()
    jobs_per_day = serializers.IntegerField(allow_null=True, help_text="null: any number.")
    waiting_jobs = serializers.IntegerField(allow_null=True, help_text="null: any number.")


class MeOut(serializers.Serializer[object]):
    tenant = MeTenant()
    key = MeKey()
    limits = MeLimits()
    server_time = Instant()


EXAMPLE = {
    "tenant": {"slug": "harbour", "name": "Harbour Hotels", "timezone": "Europe/Berlin"},
    "key": {
        "name": "data-lake",
        "hint": "…9F2C",
        "scopes": ["jobs:read", "jobs:write"],
        "expires_at": "2027-11-23T06:00:00.000000Z",
        "last_used_at": "2026-11-23T05:58:02.317261Z",
    },
    "limits": {"requests_per_minute": 600, "jobs_per_day": 2000, "waiting_jobs": 500},
    "server_time": "2026-11-23T06:00:02.317261Z",
}


class Me(V1View):
    scopes = {"GET": ""}

    @extend_schema(operation_id="me", responses=MeOut, examples=[OpenApiExample("A key", EXAMPLE, response_only=True)])
    def get(self, request: Request) -> Response:
        """Whose key this is, and what it may do. The call to try first."""
        caller, tenant = self.caller, self.caller.tenant
        limits = {"requests_per_minute": KEY.a_minute, "jobs_per_day": tenant.jobs_per_day, "waiting_jobs": tenant.max_waiting}
        key = {
            "name": caller.name,
            "hint": caller.hint,
            "scopes": sorted(caller.scopes),
            "expires_at": caller.expires_at,
            "last_used_at": caller.last_used_at,
        }
        return Response(MeOut({"tenant": tenant, "key": key, "limits": limits, "server_time": timezone.now()}).data)
