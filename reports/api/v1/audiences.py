"""`/audiences/`: who gets which rows of a schedule."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api.v1 import etags
from reports.api.v1.body import Body, Resource
from reports.api.v1.fields import Id, Instant, Tags, Text
from reports.api.v1.query import ID, Filter, Query
from reports.api.v1.refusals import renamed
from reports.api.v1.view import V1View
from reports.destinations import choosing
from reports.destinations.making import MOST
from reports.models import Audience, AudienceDestination, AudienceGroup, AudienceRecipient, Schedule
from reports.refused import Place, Refused
from reports.schedules import addressees, audiences
from reports.schedules.addressees import MAX_PEOPLE, Addressees
from reports.schedules.audiences import MAX_NAME

REFUSES = ("audience_invalid", "slug_taken", "tag_not_narrowing", "tag_invalid", "unknown_reference", "domain_not_allowed")
PLACES = {"session_tags": ("tags",)}
EXAMPLE = {
    "schedule": "9d1f0a5c-2b62-4a43-8d0e-6f1a0a6c2f11",
    "name": "Northern managers",
    "tags": {"region": "north"},
    "recipients": ["0f8a4c1e-7d1b-4d7e-9b53-2f6f0f0f8d11"],
}


class AudienceChange(Body):
    name = Text(max_length=MAX_NAME, help_text="Unique in its schedule.")
    tags = Tags(required=False, help_text="Beside the company's own session tags, of which it replaces none.")
    recipients = serializers.ListField(child=Id(), max_length=MAX_PEOPLE, required=False)
    destinations = serializers.ListField(
        child=Id(), max_length=MOST, required=False, help_text="That get the same files, or a link to them."
    )


class AudienceIn(AudienceChange):
    schedule = Id()


class GroupOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


class AudienceOut(Resource):
    id = serializers.UUIDField()
    schedule = serializers.UUIDField(source="schedule_id")
    name = serializers.CharField(help_text="Empty: the schedule's `recipients`, who get all of the company's rows.")
    tags = Tags(source="session_tags")
    recipients = serializers.ListField(source="recipient_ids", child=serializers.UUIDField())
    destinations = serializers.ListField(source="destination_ids", child=serializers.UUIDField())
    groups = GroupOut(source="group_rows", many=True, help_text="Whose members get it too, as they are when it runs.")
    created_at = Instant()
    updated_at = Instant()
    version = serializers.IntegerField(help_text="The ETag has it too.")


def with_people(rows: QuerySet[Any]) -> QuerySet[Any]:
    """What an answer tells of each beside the row itself, in the same statement."""
    of_row = {"tenant": OuterRef("tenant"), "audience": OuterRef("pk")}
    people = AudienceRecipient.objects.filter(**of_row).order_by("recipient")
    there = AudienceDestination.objects.filter(**of_row).order_by("destination")
    groups = AudienceGroup.objects.filter(**of_row).order_by("group__name")
    return rows.annotate(
        recipient_ids=ArraySubquery(people.values("recipient")),
        destination_ids=ArraySubquery(there.values("destination")),
        group_rows=ArraySubquery(groups.values(row=JSONObject(id="group", name="group__name"))),
    )


class AudienceView(V1View):
    """Of the schedules that people still see."""

    def rows(self) -> QuerySet[Audience]:
        return Audience.objects.filter(tenant=self.caller.tenant, schedule__retired_at=None)

    def read(self, row: Audience) -> Any:
        return with_people(Audience.objects.filter(tenant=row.tenant_id)).get(pk=row.pk)

    def held(self, audience: str) -> Audience:
        """Locked, if the reader's version is the present one. Raises NotFound, Stale."""
        row = etags.hold(self.request, self.rows().select_related("schedule__report"), self.get_object(self.rows(), audience))
        row.tenant = row.schedule.tenant = self.caller.tenant
        return row

    def people(self, body: dict[str, Any]) -> Addressees:
        return addressees.by_id(self.caller.tenant, body["recipients"])


class Audiences(AudienceView):
    scopes = {"GET": "audiences:read", "POST": "audiences:write"}
    query = Query(filters=(Filter("schedule", ID, "Of these schedules.", many=True),), by="created_at", fields=AudienceOut)
    idempotency = V1View.OPTIONAL
    versioned = True
    refuses = {"POST": REFUSES}

    @extend_schema(operation_id="list_audiences")
    def get(self, request: Request) -> Response:
        """The audiences of all schedules."""
        with self.caller.scope():
            return self.get_page(self.rows(), with_people)

    @extend_schema(
        operation_id="create_audience",
        request=AudienceIn,
        responses={201: AudienceOut},
        examples=[OpenApiExample("Managers of a region", EXAMPLE, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        """Give a schedule another audience.

        It gets its own files, of the rows that its tags leave over.
        """
        body = {"tags": {}, "recipients": [], "destinations": []} | AudienceIn.read(request)

        def act() -> Response:
            with renamed(PLACES):
                made = audiences.save(
                    self._schedule(body["schedule"]),
                    self.caller.actor,
                    name=body["name"],
                    session_tags=body["tags"],
                    people=self.people(body),
                    destinations=choosing.by_id(self.caller.tenant, body["destinations"]),
                    now=timezone.now(),
                )
            row = self.read(made)
            return self.created(AudienceOut(row), row, f"audiences/{row.pk}/")

        return self.create(act)

    def _schedule(self, pk: Any) -> Schedule:
        found = Schedule.objects.for_tenant(self.caller.tenant).kept().select_related("report").filter(pk=pk).first()
        if found is None:
            detail = _("There is no such schedule.")
            raise Refused("unknown_reference", detail, (Place(("schedule",), "does_not_exist", detail),))
        found.tenant = self.caller.tenant
        return found


class SingleAudience(AudienceView):
    scopes = {"GET": "audiences:read", "PATCH": "audiences:write", "DELETE": "audiences:write"}
    query = Query(fields=AudienceOut)
    versioned = True
    refuses = {"PATCH": REFUSES, "DELETE": ("in_use",)}

    @extend_schema(operation_id="get_audience")
    def get(self, request: Request, audience: str) -> Response:
        """An audience."""
        with self.caller.scope():
            return self.get_single(self.get_object(with_people(self.rows()), audience))

    @extend_schema(
        operation_id="change_audience",
        request=AudienceChange,
        responses=AudienceOut,
        examples=[OpenApiExample("Another region", {"tags": {"region": "south"}}, request_only=True)],
    )
    def patch(self, request: Request, audience: str) -> Response:
        """Change an audience.

        What is left out stays as it is. Counts from the next run on.
        """
        body = AudienceChange.read(request, partial=True)
        with self.caller.scope(), renamed(PLACES):
            row = self.held(audience)
            audiences.save(
                row.schedule,
                self.caller.actor,
                audience=row,
                name=body.get("name", row.name),
                session_tags=body.get("tags", row.session_tags),
                people=self.people(body) if "recipients" in body else None,
                destinations=choosing.by_id(self.caller.tenant, body["destinations"]) if "destinations" in body else None,
                now=timezone.now(),
            )
            return self.get_single(self.read(row))

    @extend_schema(operation_id="delete_audience", responses={204: None})
    def delete(self, request: Request, audience: str) -> Response:
        """Take an audience from its schedule.

        Its people stay in the address book, and what was sent to them in the history.
        """
        with self.caller.scope():
            row = self.held(audience)
            if not row.name:
                raise Refused("in_use", _("These are the schedule’s own recipients. Empty its `recipients` instead."))
            audiences.remove(row, self.caller.actor, now=timezone.now())
        return Response(status=204)
