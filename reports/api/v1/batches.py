"""`/batches/`: many jobs at once, all of them or none."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api.v1.body import Body, Nothing, Resource
from reports.api.v1.fields import Id, Instant, Text
from reports.api.v1.job_wish import JobWish
from reports.api.v1.query import Filter, Query, text, window
from reports.api.v1.view import V1View
from reports.batches import cancelling, counting, making
from reports.batches.items import MOST_ITEMS, MOST_PEOPLE, Item
from reports.caller_notes import MAX_REFERENCE
from reports.models import Batch

MAX_BODY = 5 * 1024 * 1024
COUNTED = frozenset({"status", "counts"})
MOST_ADDRESS = 254
EXAMPLE = {
    "reference": "month-end",
    "items": [
        {
            "report": "daily-calls",
            "formats": ["PDF"],
            "parameters": {"Region": ["North"]},
            "emails": ["gm@acme.example"],
            "reference": "row 1",
        }
    ],
}
ANSWER = {
    "id": "0b7f1f2e-4c53-4a1e-9d0b-3f3f0d4b7d11",
    "status": "running",
    "reference": "month-end",
    "counts": {"total": 120, "queued": 60, "running": 5, "completed": 54, "failed": 1, "cancelled": 0},
    "created_at": "2026-11-23T06:00:02.317261Z",
    "ended_at": None,
}


class BatchItem(JobWish):
    recipients = serializers.ListField(child=Id(), max_length=MOST_PEOPLE, required=False, help_text="Whom the files are mailed to.")
    emails = serializers.ListField(
        child=Text(max_length=MOST_ADDRESS),
        max_length=MOST_PEOPLE,
        required=False,
        help_text="As recipients, by address; one that nobody has becomes a recipient.",
    )


class BatchIn(Body):
    reference = Text(max_length=MAX_REFERENCE, allow_blank=True, allow_null=True, required=False, help_text="Yours, of the batch.")
    items = serializers.ListField(child=BatchItem(), min_length=1, max_length=MOST_ITEMS)


class BatchCounts(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    queued = serializers.IntegerField()
    running = serializers.IntegerField(help_text="Started, and not ended yet.")
    completed = serializers.IntegerField()
    failed = serializers.IntegerField()
    cancelled = serializers.IntegerField()


class BatchOut(Resource):
    id = serializers.UUIDField()
    status = serializers.SerializerMethodField()
    reference = serializers.SerializerMethodField()
    counts = serializers.SerializerMethodField()
    created_at = Instant()
    ended_at = Instant(allow_null=True, help_text="With the last of its jobs. null: not yet.")

    @extend_schema_field({"type": "string", "enum": list(counting.STATUSES)})
    def get_status(self, row: Any) -> str:
        return counting.counts(row).status

    def get_reference(self, row: Batch) -> str | None:
        return row.reference or None

    @extend_schema_field(BatchCounts)
    def get_counts(self, row: Any) -> Any:
        return BatchCounts(counting.counts(row)).data


class Batches(V1View):
    scopes = {"GET": "jobs:read", "POST": "jobs:write"}
    max_body = MAX_BODY
    query = Query(
        filters=(Filter("reference", text(MAX_REFERENCE), "With this reference of yours."), *window("created", "created_at")),
        by="created_at",
        fields=BatchOut,
    )
    idempotency = V1View.REQUIRED
    refuses = {"POST": ("batch_invalid", "quota_exceeded", "queue_full")}

    @extend_schema(operation_id="list_batches")
    def get(self, request: Request) -> Response:
        """Batches of jobs."""
        with self.caller.scope():
            return self.get_page(Batch.objects.for_tenant(self.caller.tenant), self._draw)

    @extend_schema(
        operation_id="create_batch",
        request=BatchIn,
        responses={201: BatchOut},
        examples=[OpenApiExample("Month's end", EXAMPLE, request_only=True), OpenApiExample("Half done", ANSWER, response_only=True)],
    )
    def post(self, request: Request) -> Response:
        """Ask for many jobs at once.

        All of them are made or none. What is wrong with a line is named by its number, `/items/17/parameters/Region`, for the first 100
        places. Its jobs are those of `/jobs/?batch=`. Bodies may have 5 MiB.
        """
        wanted = BatchIn.read(request)
        items = [_item(values) for values in wanted["items"]]

        def act() -> Response:
            made = making.create(self.caller.tenant, self.caller.actor, wanted.get("reference") or "", items, timezone.now())
            row = counting.with_counts(Batch.objects.for_tenant(self.caller.tenant)).get(pk=made.pk)
            return self.created(BatchOut(row), row, f"batches/{row.pk}/")

        return self.create(act)

    def _draw(self, rows: QuerySet[Batch]) -> QuerySet[Any]:
        """Counted only where it is asked for."""
        only = self.wishes.only
        return counting.with_counts(rows) if only is None or only & COUNTED else rows


class SingleBatch(V1View):
    scopes = {"GET": "jobs:read"}
    query = Query(fields=BatchOut)

    @extend_schema(operation_id="get_batch")
    def get(self, request: Request, batch: str) -> Response:
        """A batch, and how far it has come."""
        with self.caller.scope():
            return self.get_single(self.get_object(counting.with_counts(Batch.objects.for_tenant(self.caller.tenant)), batch))


class CancelBatch(V1View):
    scopes = {"POST": "jobs:write"}

    @extend_schema(operation_id="cancel_batch", request=None, responses=BatchOut)
    def post(self, request: Request, batch: str) -> Response:
        """Cancel what still waits of a batch.

        What runs goes on, because QuickSight cannot stop it. Asked again it answers how the batch is now.
        """
        Nothing.read(request)
        rows = counting.with_counts(Batch.objects.for_tenant(self.caller.tenant))
        with self.caller.scope():
            found = self.get_object(rows, batch)
        cancelling.cancel(found, self.caller.actor, timezone.now())
        with self.caller.scope():
            return Response(BatchOut(self.get_object(rows, batch)).data)


def _item(values: dict[str, Any]) -> Item:
    given = {name: value for name, value in values.items() if value is not None}
    return Item(**given)
