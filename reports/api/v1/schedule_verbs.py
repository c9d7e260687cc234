"""What can be done with a schedule: pausing it, running it now, and looking at what one would do."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api.v1.body import Nothing
from reports.api.v1.occurrences import OccurrenceOut, with_outcome
from reports.api.v1.refusals import renamed
from reports.api.v1.schedule_fields import PLACES, PlannedOut, ScheduleIn, ScheduleOut, WarningOut, planned_runs, values_of, warnings_of
from reports.api.v1.schedules import EXAMPLE, INVALID, ScheduleView
from reports.api.v1.view import V1View
from reports.models import Occurrence
from reports.occurrences import acting, load
from reports.schedules import editing


class PreviewOut(serializers.Serializer[object]):
    next_runs = PlannedOut(many=True)
    warnings = WarningOut(many=True)


class SchedulePreview(V1View):
    scopes = {"POST": "schedules:write"}
    refuses = {"POST": INVALID}

    @extend_schema(
        operation_id="preview_schedule",
        request=ScheduleIn,
        responses={200: PreviewOut},
        examples=[OpenApiExample("Every weekday", EXAMPLE, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        """Say when a schedule would run, and what speaks against it.

        Checks what POST /schedules/ checks, except whether its slug is free, and stores nothing.
        """
        values, now = values_of(ScheduleIn.read(request)), timezone.now()
        with self.caller.scope(), renamed(PLACES):
            draft, _people = editing.draft(self.caller.tenant, values, now=now)
            draft.load_warning = load.warning(draft, now)
        return Response({"next_runs": PlannedOut(planned_runs(draft, now), many=True).data, "warnings": warnings_of(draft)})


class PauseSchedule(ScheduleView):
    scopes = {"POST": "schedules:write"}

    @extend_schema(operation_id="pause_schedule", request=None, responses={200: ScheduleOut})
    def post(self, request: Request, schedule: str) -> Response:
        """Pause a schedule.

        Its planned runs are noted as skipped until it is resumed. One that is paused stays so.
        """
        return self._set(request, schedule, paused=True)

    def _set(self, request: Request, schedule: str, *, paused: bool) -> Response:
        Nothing.read(request)
        with self.caller.scope():
            found = self.found(schedule)
            self.set_paused(found, paused)
            return Response(ScheduleOut(self.read(found), context={"now": timezone.now()}).data)


class ResumeSchedule(PauseSchedule):
    refuses = {"POST": ("schedule_fault",)}

    @extend_schema(operation_id="resume_schedule", request=None, responses={200: ScheduleOut})
    def post(self, request: Request, schedule: str) -> Response:
        """Resume a schedule.

        It goes on with its next planned run. One that is not paused stays so.
        """
        return self._set(request, schedule, paused=False)


class RunSchedule(ScheduleView):
    scopes = {"POST": "schedules:write"}
    idempotency = V1View.OPTIONAL
    refuses = {"POST": ("report_not_available", "schedule_fault", "quota_exceeded", "queue_full")}

    @extend_schema(operation_id="run_schedule", request=None, responses={201: OccurrenceOut})
    def post(self, request: Request, schedule: str) -> Response:
        """Run a schedule now.

        Everybody whom it names gets the report, beside its planned runs. A paused one runs too.
        """
        Nothing.read(request)

        def act() -> Response:
            made = acting.run_now(self.found(schedule), self.caller.actor, timezone.now())
            row = with_outcome(Occurrence.objects.filter(tenant=made.tenant_id)).get(pk=made.pk)
            return self.created(OccurrenceOut(row), row, f"occurrences/{row.pk}/")

        return self.create(act)
