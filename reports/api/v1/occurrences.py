"""`/occurrences/`: each run of a schedule, also those that were skipped or missed, and what became of it."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api.v1.body import Nothing, Resource
from reports.api.v1.fields import Instant, LocalInstant
from reports.api.v1.query import Filter, Query, one_of, window
from reports.api.v1.refusals import OF_THE_REPORT
from reports.api.v1.view import V1View
from reports.models import Delivery, Occurrence, Schedule, SnapshotJob
from reports.occurrences import acting, reasons

COUNTS = {
    "pending": Q(status__in=Delivery.OPEN),
    "sent": Q(status=Delivery.Status.SENT),
    "failed": Q(status__in=acting.NOT_SERVED),
    "suppressed": Q(status=Delivery.Status.SUPPRESSED),
}


class CountsOut(serializers.Serializer[Any]):
    pending = serializers.IntegerField()
    sent = serializers.IntegerField()
    failed = serializers.IntegerField(help_text="Bounced ones too.")
    suppressed = serializers.IntegerField(help_text="To addresses that nothing is sent to.")


class ReasonOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()


class OccurrenceOut(Resource):
    id = serializers.UUIDField()
    schedule = serializers.UUIDField(source="schedule_id")
    kind = serializers.ChoiceField(choices=Occurrence.Kind.values, help_text="By the schedule's plan, or by hand.")
    planned_at = Instant()
    planned_at_local = serializers.SerializerMethodField(help_text="In the schedule's zone.")
    status = serializers.ChoiceField(choices=Occurrence.Status.values)
    reason = serializers.SerializerMethodField(help_text="Why it did not run, or not end well. null: there is nothing to explain.")
    jobs = serializers.ListField(source="job_ids", child=serializers.UUIDField(), help_text="Those that were run again, too.")
    deliveries = serializers.SerializerMethodField()
    ended_at = Instant(allow_null=True)
    late_s = serializers.SerializerMethodField(help_text="From the planned instant to the end. null: it has not ended.")
    created_at = Instant()

    @extend_schema_field(OpenApiTypes.DATETIME)
    def get_planned_at_local(self, row: Occurrence) -> str:
        return str(LocalInstant().to_representation(row.planned_at.astimezone(row.schedule.zone)))

    @extend_schema_field(ReasonOut(allow_null=True))
    def get_reason(self, row: Occurrence) -> dict[str, str] | None:
        if not row.reason:
            return None
        with timezone.override(row.schedule.zone):
            return {"code": row.reason, "message": reasons.words(row)}

    @extend_schema_field(CountsOut)
    def get_deliveries(self, row: Any) -> dict[str, int]:
        return row.counts or dict.fromkeys(COUNTS, 0)

    def get_late_s(self, row: Occurrence) -> float | None:
        return row.lateness()


def with_outcome(rows: QuerySet[Any]) -> QuerySet[Any]:
    """What an answer tells of each beside the row itself, in the same statement."""
    jobs = SnapshotJob.objects.visible().filter(tenant=OuterRef("tenant"), occurrence=OuterRef("pk")).order_by("created_at", "id")
    deliveries = Delivery.objects.filter(tenant=OuterRef("tenant"), occurrence=OuterRef("pk")).values("occurrence")
    counts = JSONObject(**{name: Count("pk", filter=which) for name, which in COUNTS.items()})
    return rows.select_related("schedule").annotate(
        job_ids=ArraySubquery(jobs.values("pk")), counts=Subquery(deliveries.values(counts=counts))
    )


class Occurrences(V1View):
    scopes = {"GET": "schedules:read"}
    query = Query(
        filters=(
            Filter("status", one_of(Occurrence.Status.values), "In these states.", many=True),
            *window("planned", "planned_at"),
        ),
        by="planned_at",
        fields=OccurrenceOut,
    )

    @extend_schema(operation_id="list_occurrences")
    def get(self, request: Request, schedule: str) -> Response:
        """The runs of a schedule. Of a deleted one too."""
        with self.caller.scope():
            found = self.get_object(Schedule.objects.for_tenant(self.caller.tenant), schedule)
            return self.get_page(Occurrence.objects.for_tenant(self.caller.tenant).filter(schedule=found), with_outcome)


class SingleOccurrence(V1View):
    scopes = {"GET": "schedules:read"}
    query = Query(fields=OccurrenceOut)

    @extend_schema(operation_id="get_occurrence")
    def get(self, request: Request, occurrence: str) -> Response:
        """A run of a schedule. Those of deleted schedules too."""
        with self.caller.scope():
            return self.get_single(self.get_object(with_outcome(Occurrence.objects.for_tenant(self.caller.tenant)), occurrence))


class RetryOccurrence(V1View):
    scopes = {"POST": "schedules:write"}
    # What the report has become since then may be in the way.
    refuses = {"POST": ("nothing_failed", *OF_THE_REPORT, "quota_exceeded", "queue_full")}

    @extend_schema(operation_id="retry_failed_of_occurrence", request=None, responses={200: OccurrenceOut})
    def post(self, request: Request, occurrence: str) -> Response:
        """Try again exactly what failed.

        Nobody who has the files gets another mail.
        """
        Nothing.read(request)
        rows = with_outcome(Occurrence.objects.for_tenant(self.caller.tenant))
        with self.caller.scope():
            found = self.get_object(rows, occurrence)
            found.tenant = self.caller.tenant
            acting.retry_failed(found, self.caller.actor, timezone.now())
            return Response(OccurrenceOut(rows.get(pk=found.pk)).data)
