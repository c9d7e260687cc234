"""`/jobs/{job}/release/` and `/reject/`: deciding on the files that a schedule's gate holds."""

from __future__ import annotations

from collections.abc import Callable

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api.v1.body import Body
from reports.api.v1.fields import Text
from reports.api.v1.job_out import JobOut
from reports.api.v1.jobs import JobView
from reports.gate import deciding
from reports.models import Review

NOTE = OpenApiExample("With a note", {"note": "The switchboard was down on Saturday."}, request_only=True)


class DecisionIn(Body):
    note = Text(max_length=deciding.MOST_NOTE, allow_blank=True, required=False, help_text="For the audit log. Recipients never see it.")


class DecidingView(JobView):
    scopes = {"POST": "jobs:write"}
    refuses = {"POST": ("job_not_held",)}

    def decide(self, request: Request, job: str, act: Callable[..., Review]) -> Response:
        note = DecisionIn.read(request).get("note", "")
        with self.caller.scope():
            found = self.find(job)
            act(found, self.caller.actor, timezone.now(), note)
            return Response(self.answer(found))


class ReleaseJob(DecidingView):
    @extend_schema(operation_id="release_job", request=DecisionIn, responses=JobOut, examples=[NOTE])
    def post(self, request: Request, job: str) -> Response:
        """Release a job's held files.

        They go out to everybody who waits for them, and can be downloaded. Once only: of two who decide at once, the second one is told
        who was first.
        """
        return self.decide(request, job, deciding.release)


class RejectJob(DecidingView):
    @extend_schema(operation_id="reject_job", request=DecisionIn, responses=JobOut, examples=[NOTE])
    def post(self, request: Request, job: str) -> Response:
        """Decide that a job's held files are not sent.

        Nobody gets them, now or later. Run the job again for others.
        """
        return self.decide(request, job, deciding.reject)
