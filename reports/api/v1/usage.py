"""`/usage/`: what the company used in a month, and how much of its limits."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reports import quotas
from reports import usage as domain
from reports.api.v1.fields import Instant
from reports.api.v1.query import Kind, Parameter, Query
from reports.api.v1.view import V1View
from reports.quotas import Kind as Quota

# Of this century; whatever stands there is then a month.
MONTH = r"^20\d\d-(0[1-9]|1[0-2])$"
EXAMPLE = {
    "period": "2026-11",
    "jobs": 1204,
    "completed": 1190,
    "failed": 9,
    "report_units": 1310,
    "files_bytes": 2147483648,
    "downloads": 3320,
    "deliveries": 2805,
    "stored_bytes": 6442450944,
    "counted_at": "2026-11-23T05:40:00.000000Z",
    "quotas": [{"name": "jobs_per_day", "used": 41, "limit": 2000, "resets_at": "2026-11-23T23:00:00.000000Z"}],
}


def _month(text: str) -> Any:
    first = domain.read_month(text)
    if first is None or first.year // 100 != 20:
        raise ValueError(text)
    return first


PERIOD = Kind(_month, {"type": "string", "pattern": MONTH, "minLength": 7, "maxLength": 7}, "Must be a month such as 2026-11.")


class QuotaOut(serializers.Serializer[Any]):
    name = serializers.ChoiceField(source="kind", choices=Quota.values)
    used = serializers.IntegerField(min_value=0)
    limit = serializers.IntegerField(allow_null=True, help_text="null: any number.")
    resets_at = Instant(allow_null=True, help_text="null: not by the clock.")


class UsageOut(serializers.Serializer[Any]):
    period = serializers.CharField()
    jobs = serializers.IntegerField(min_value=0)
    completed = serializers.IntegerField(min_value=0)
    failed = serializers.IntegerField(min_value=0)
    report_units = serializers.IntegerField(min_value=0, help_text="One for each 100 pages or 100 MB of a job, whichever is more.")
    files_bytes = serializers.IntegerField(min_value=0, help_text="Of the files made.")
    downloads = serializers.IntegerField(min_value=0)
    deliveries = serializers.IntegerField(min_value=0)
    stored_bytes = serializers.IntegerField(min_value=0, help_text="Of all files that were kept when last counted.")
    counted_at = Instant(allow_null=True, help_text="When that was; `jobs` are counted as they are made. null: never.")
    quotas = QuotaOut(many=True, help_text="As of now; none for another month than this.")


class Usage(V1View):
    scopes = {"GET": "usage:read"}
    query = Query(others=(Parameter("period", PERIOD, "This month, unless another one is asked for."),))

    @extend_schema(operation_id="get_usage", responses=UsageOut, examples=[OpenApiExample("A month so far", EXAMPLE, response_only=True)])
    def get(self, request: Request) -> Response:
        """What was used in a month.

        Days and months are those of your company's time zone.
        """
        now, tenant = timezone.now(), self.caller.tenant
        this = domain.month_of(domain.day_of(tenant, now))
        first = self.wishes.values.get("period", this)
        with self.caller.scope():
            month = domain.of_month(tenant, first)
            standings = quotas.standings(tenant, now) if first == this else []
        told = month.totals | {"stored_bytes": month.stored_bytes, "counted_at": month.counted_at}
        return Response(UsageOut(told | {"period": f"{first:%Y-%m}", "quotas": [asdict(one) for one in standings]}).data)
