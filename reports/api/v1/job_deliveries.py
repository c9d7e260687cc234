"""`/jobs/{job}/deliveries/`: to whom the files of a job go, and how far each has come."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone, translation
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api.v1.body import Nothing, Resource
from reports.api.v1.fields import Instant
from reports.api.v1.job_out import FailureOut, JobOut
from reports.api.v1.jobs import JobView
from reports.api.v1.query import ID, Filter, Query, one_of
from reports.delivery.failures import cause_of
from reports.links import masked
from reports.models import Delivery, Link
from reports.occurrences.acting import NOT_SERVED
from reports.resending import resend_failed

Status = Delivery.Status
EXAMPLE = {
    "id": "4f4a2c0e-7d83-4f5e-9a51-3b7f0c1a8e22",
    "job": "5b0a6b1e-1c1f-4e53-9b0e-0d8a0a6c2f11",
    "recipient": "c3a1e2d4-0b6f-4a8e-8f37-2d9c5e7b1a40",
    "recipient_masked": "o•••@acme.example",
    "destination": None,
    "channel": "email",
    "status": "failed",
    "attempts": 7,
    "next_attempt_at": None,
    "sent_at": None,
    "failure": {"code": "mailbox_full", "message": "Their mailbox is full.", "retryable": True},
    "link": None,
    "created_at": "2026-11-23T06:00:02.317261Z",
}
PAGE = {"results": [EXAMPLE], "next": None, "previous": None}


class DeliveryOut(Resource):
    id = serializers.UUIDField()
    job = serializers.UUIDField(source="job_id")
    recipient = serializers.UUIDField(source="recipient_id", allow_null=True, help_text="null: not in the address book.")
    recipient_masked = serializers.SerializerMethodField()
    destination = serializers.UUIDField(source="destination_id", allow_null=True, help_text="null: to an address, or it was deleted.")
    channel = serializers.ChoiceField(choices=Delivery.Channel.values)
    status = serializers.ChoiceField(choices=Status.values)
    attempts = serializers.IntegerField(source="tries", min_value=0)
    next_attempt_at = Instant(source="next_try_at", allow_null=True, help_text="null: it has ended, or waits for the files.")
    sent_at = Instant(allow_null=True)
    failure = serializers.SerializerMethodField(help_text="Why it did not arrive, or was not sent.")
    link = serializers.UUIDField(source="newest_link", allow_null=True, help_text="The one that was sent.")
    created_at = Instant()

    def get_recipient_masked(self, row: Delivery) -> str:
        return masked(row.address)

    @extend_schema_field(FailureOut(allow_null=True))
    def get_failure(self, row: Delivery) -> Any:
        """Of what arrived nothing failed, whatever was said of it later."""
        if row.status not in (*NOT_SERVED, Status.SUPPRESSED):
            return None
        with translation.override("en"):
            cause = cause_of(row.failure_code)
            return {"code": row.failure_code, "message": str(cause.message), "retryable": row.status == Status.FAILED}


def with_link(rows: QuerySet[Any]) -> QuerySet[Any]:
    links = Link.objects.filter(tenant=OuterRef("tenant"), delivery=OuterRef("pk")).order_by("-created_at", "-pk")
    return rows.annotate(newest_link=Subquery(links.values("pk")[:1]))


class JobDeliveries(JobView):
    scopes = {"GET": "jobs:read"}
    query = Query(
        filters=(
            Filter("status", one_of(Status.values), "In these states.", many=True),
            Filter("channel", one_of(Delivery.Channel.values), "By these channels.", many=True),
            Filter("recipient", ID, "To these recipients.", many=True),
            Filter("destination", ID, "To these destinations.", many=True),
        ),
        by="created_at",
        fields=DeliveryOut,
    )

    @extend_schema(operation_id="list_job_deliveries", examples=[OpenApiExample("A full mailbox", PAGE, response_only=True)])
    def get(self, request: Request, job: str) -> Response:
        """To whom its files go."""
        with self.caller.scope():
            found = self.get_object(self.rows(), job)
            return self.get_page(Delivery.objects.for_tenant(self.caller.tenant).filter(job=found), with_link)


class RetryFailedDeliveries(JobView):
    scopes = {"POST": "jobs:write"}
    refuses = {"POST": ("job_not_completed", "file_gone", "nothing_failed")}

    @extend_schema(operation_id="retry_failed_of_job", request=None, responses={200: JobOut})
    def post(self, request: Request, job: str) -> Response:
        """Send the files again to those whom they did not reach.

        Nobody who has them gets another mail, and none goes to an address that is known to take nothing or that wanted no more.
        """
        Nothing.read(request)
        with self.caller.scope():
            found = self.find(job)
            resend_failed(found, self.caller.actor, timezone.now())
            return Response(self.answer(found))
