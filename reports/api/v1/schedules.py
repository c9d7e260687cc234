"""`/schedules/`: when which report is made, and who gets it."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api.v1 import etags
from reports.api.v1.query import FLAG, NO_COMMA, Filter, Query, text
from reports.api.v1.refusals import OF_THE_REPORT, renamed
from reports.api.v1.schedule_fields import PLACES, ScheduleChange, ScheduleIn, ScheduleOut, gathered, values_of
from reports.api.v1.view import V1View
from reports.models import Schedule
from reports.occurrences import acting
from reports.schedules import editing

INVALID = (
    *OF_THE_REPORT,
    "invalid_cron",
    "no_future_run",
    "invalid_timezone",
    "end_before_start",
    "schedule_invalid",
    "domain_not_allowed",
    "recipient_invalid",
    "unknown_reference",
)
EXAMPLE = {
    "slug": "weekday-morning",
    "name": "Weekday morning",
    "report": "daily-calls",
    "formats": ["PDF"],
    "parameters": {"Region": ["North"]},
    "cron": "30 7 * * 1-5",
    "timezone": "Europe/Berlin",
    "starts_on": "2026-12-01",
    "ends_on": None,
    "missed": "latest",
    "ready_by": "09:00",
    "paused": False,
    "recipients": ["0f8a4c1e-7d1b-4d7e-9b53-2f6f0f0f8d11"],
    "destinations": [],
    "link": {"expires_in_days": 30, "max_uses": 50, "protection": "nothing"},
    "attach": False,
}


class ByPause(Filter):
    def apply(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return rows.filter(enabled=not value)


class ScheduleView(V1View):
    """Of those that people still see."""

    def rows(self) -> QuerySet[Schedule]:
        return Schedule.objects.for_tenant(self.caller.tenant).kept()

    def found(self, schedule: str) -> Schedule:
        """In the caller's scope. Raises NotFound."""
        found = self.get_object(self.rows().select_related("report"), schedule)
        found.tenant = self.caller.tenant
        return found

    def read(self, row: Schedule) -> Any:
        """As it is stored now, with what an answer tells of it."""
        (found,) = gathered(Schedule.objects.filter(tenant=row.tenant_id, pk=row.pk), self.caller.tenant, timezone.now(), self.wishes.only)
        return found

    def set_paused(self, row: Schedule, wanted: bool | None) -> None:
        """None: as it is. Raises Refused where it cannot go on."""
        if wanted is not None and wanted == row.enabled:
            act = acting.pause if wanted else acting.resume
            act(row, self.caller.actor, timezone.now())


class Schedules(ScheduleView):
    scopes = {"GET": "schedules:read", "POST": "schedules:write"}
    query = Query(
        filters=(
            Filter("slug", text(80, pattern=NO_COMMA), "With these short names.", many=True),
            Filter("report", text(80, pattern=NO_COMMA), "Of these reports.", many=True, lookup="report__slug"),
            ByPause("paused", FLAG, "Whether they are paused."),
        ),
        by="created_at",
        fields=ScheduleOut,
    )
    idempotency = V1View.OPTIONAL
    versioned = True
    refuses = {"POST": (*INVALID, "slug_taken")}

    @extend_schema(operation_id="list_schedules")
    def get(self, request: Request) -> Response:
        """All schedules that were not deleted."""
        now = timezone.now()
        with self.caller.scope():
            draw = partial(gathered, tenant=self.caller.tenant, now=now, only=self.wishes.only)
            return self.get_page(self.rows(), draw, now=now)

    @extend_schema(
        operation_id="create_schedule",
        request=ScheduleIn,
        responses={201: ScheduleOut},
        examples=[OpenApiExample("Every weekday", EXAMPLE, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        """Make a schedule.

        Groups of recipients and other rows than the company's own are its audiences', see /audiences/.
        """
        body, now = ScheduleIn.read(request), timezone.now()

        def act() -> Response:
            with renamed(PLACES):
                made = editing.save(self.caller.tenant, self.caller.actor, values_of(body), now=now)
            self.set_paused(made, body.get("paused"))
            row = self.read(made)
            return self.created(ScheduleOut(row, context={"now": now}), row, f"schedules/{row.pk}/")

        return self.create(act)


class SingleSchedule(ScheduleView):
    scopes = {"GET": "schedules:read", "PATCH": "schedules:write", "DELETE": "schedules:write"}
    query = Query(fields=ScheduleOut)
    versioned = True
    refuses = {"PATCH": (*INVALID, "schedule_fault", "set_by_template"), "DELETE": ("set_by_template",)}

    @extend_schema(operation_id="get_schedule")
    def get(self, request: Request, schedule: str) -> Response:
        """A schedule."""
        with self.caller.scope():
            return self.get_single(self.read(self.found(schedule)), now=timezone.now())

    @extend_schema(
        operation_id="change_schedule",
        request=ScheduleChange,
        responses=ScheduleOut,
        examples=[OpenApiExample("Half an hour earlier", {"cron": "0 7 * * 1-5"}, request_only=True)],
    )
    def patch(self, request: Request, schedule: str) -> Response:
        """Change a schedule.

        What is left out stays as it is, in `link` too. A run that has begun goes on as the schedule was. Of one that is `set_by_platform`
        the company changes `timezone`, `paused`, `recipients`, `cc`, `link` and `tell_owner`.
        """
        body, now = ScheduleChange.read(request, partial=True), timezone.now()
        paused = body.pop("paused", None)
        with self.caller.scope():
            row = etags.hold(request, self.rows(), self.found(schedule))
            row.tenant = self.caller.tenant
            if body:
                with renamed(PLACES):
                    row = editing.save(self.caller.tenant, self.caller.actor, values_of(body), schedule=row, now=now)
            self.set_paused(row, paused)
            return self.get_single(self.read(row), now=now)

    @extend_schema(operation_id="delete_schedule", responses={204: None})
    def delete(self, request: Request, schedule: str) -> Response:
        """Delete a schedule.

        It runs no more. Its runs stay in the history, and its links go on working until they end or are revoked. One that is
        `set_by_platform` is removed by the platform alone.
        """
        with self.caller.scope():
            row = etags.hold(request, self.rows(), self.found(schedule))
            row.tenant = self.caller.tenant
            acting.retire(row, self.caller.actor, timezone.now())
        return Response(status=204)
