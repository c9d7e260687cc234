"""`/jobs/`: asking for reports, and what became of them."""

from __future__ import annotations

import hashlib
import json
import math
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from reports import jobs as domain
from reports.api.v1 import etags
from reports.api.v1.body import Body, Nothing
from reports.api.v1.fields import Id, Text, Truth
from reports.api.v1.job_examples import ANSWER, EXAMPLE, PAGE
from reports.api.v1.job_facts import JOB, Facts
from reports.api.v1.job_out import TRIGGERS, JobOut, JobRow
from reports.api.v1.job_wish import JobWish
from reports.api.v1.query import ID, NO_COMMA, Filter, Parameter, Query, one_of, text, whole, window
from reports.api.v1.refusals import OF_THE_REPORT
from reports.api.v1.view import V1View, created
from reports.api.v1.waiting import wait_for_news
from reports.caller_notes import MAX_REFERENCE
from reports.models import Occurrence, Report, SnapshotJob
from reports.recalling import MOST_REASON, recall
from reports.requesting import request as ask

# Seconds.
MOST_WAIT, USUAL_LOOK = 30, 5
OF_A_REPORT = (*OF_THE_REPORT, "quota_exceeded", "queue_full")


class JobIn(JobWish):
    audience = Id(allow_null=True, required=False, help_text="Whose rows: its tags narrow your company's.")
    deliver = Truth(default=False, help_text="Its recipients get the files by mail.")


class CancelIn(Body):
    discard = Truth(default=False, help_text="Of a job that runs: drop its result when it comes.")


class RecallIn(Body):
    because = Text(max_length=MOST_REASON, help_text="What was wrong: customers read it on the page of their link.")


class CorrectionIn(RecallIn):
    recall = Truth(default=False, help_text="Nobody gets the files of the old one any more, from now on.")


class ByReport(Filter):
    def apply(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return rows.filter(report__in=list(Report.objects.filter(slug__in=value).values_list("pk", flat=True)))


class BySchedule(Filter):
    def apply(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return rows.filter(occurrence__in=Occurrence.objects.filter(schedule__in=value).values("pk"))


class JobView(V1View):
    """Of single jobs and of many."""

    fields: ClassVar[type[JobRow]] = JobOut

    def facts(self) -> Facts:
        return Facts(self.caller.tenant, self.wishes.only, frozenset(self.fields.names()))

    def rows(self) -> QuerySet[SnapshotJob]:
        return SnapshotJob.objects.for_tenant(self.caller.tenant).visible()

    def find(self, job: str) -> SnapshotJob:
        """As a verb needs it. Raises NotFound."""
        found = self.get_object(self.rows().select_related("report"), job)
        found.tenant = self.caller.tenant
        return found

    def read(self, job: str) -> Any:
        """With what is told of it. Raises NotFound."""
        found = JOB.rows(tenant=self.caller.tenant.pk, job=self.id_in(job))
        if not found:
            raise NotFound
        self.facts().dress(found)
        return found[0]

    def told(self, row: Any) -> dict[str, Any]:
        (told,) = self.fields.tell([row], self.wishes.only, {})
        return told

    def answer(self, job: SnapshotJob) -> dict[str, Any]:
        return self.told(self.read(str(job.pk)))

    def made(self, job: SnapshotJob) -> Response:
        body = self.answer(job)
        return created(body, f"jobs/{job.pk}/", etag(body))


class Jobs(JobView):
    scopes = {"GET": "jobs:read", "POST": "jobs:write"}
    query = Query(
        filters=(
            Filter("status", one_of(SnapshotJob.Status.values), "In these states.", many=True),
            ByReport("report", text(80, pattern=NO_COMMA), "Of these reports, by slug.", many=True),
            BySchedule("schedule", ID, "Of these schedules.", many=True),
            Filter("occurrence", ID, "Of these runs of schedules.", many=True),
            Filter("batch", ID, "Of these batches.", many=True),
            Filter("audience", ID, "For these audiences.", many=True),
            Filter("trigger", one_of(TRIGGERS), "Started so.", many=True),
            Filter("reference", text(MAX_REFERENCE), "With this reference of yours."),
            *window("created", "created_at"),
            window("ended", "finished_at")[0],
        ),
        by="created_at",
        fields=JobRow,
    )
    idempotency = V1View.OPTIONAL
    refuses = {"POST": (*OF_A_REPORT, "unknown_reference", "no_recipients", "tag_not_narrowing")}

    @extend_schema(operation_id="list_jobs", examples=[OpenApiExample("A page", PAGE, response_only=True)])
    def get(self, request: Request) -> Response:
        """What was run."""
        facts = Facts(self.caller.tenant, self.wishes.only, frozenset(JobRow.names()))
        with self.caller.scope():
            return self.get_page(self.rows(), dress=facts.dress)

    @extend_schema(
        operation_id="create_job",
        request=JobIn,
        responses={201: JobOut},
        examples=[
            OpenApiExample("The north, as PDF and Excel", EXAMPLE, request_only=True),
            OpenApiExample("It waits", ANSWER, response_only=True, status_codes=["201"]),
        ],
    )
    def post(self, request: Request) -> Response:
        """Run a report.

        Answers at once with a job that waits; GET it until it has ended. Which rows it shows is decided by your company's session tags,
        which cannot be sent. One job makes up to one PDF, one Excel and five CSV files.
        """
        body = JobIn.read(request)
        wanted = domain.Wanted(
            body["report"],
            body["formats"],
            body.get("parameters") or {},
            body.get("visuals") or [],
            domain.LANES[body["lane"]],
            SnapshotJob.Trigger.API,
            reference=body.get("reference") or "",
            metadata=body.get("metadata") or {},
        )

        def act() -> Response:
            now, caller = timezone.now(), self.caller
            job = ask(caller.tenant, caller.actor, wanted, audience=body.get("audience"), deliver=body["deliver"], now=now)
            return self.made(job)

        return self.create(act)


class SingleJob(JobView):
    scopes = {"GET": "jobs:read"}
    query = Query(
        fields=JobOut,
        others=(Parameter("wait", whole(0, MOST_WAIT), "Seconds to wait for news: its end, or with If-None-Match anything."),),
    )
    versioned = True

    @extend_schema(operation_id="get_job", examples=[OpenApiExample("It waits", ANSWER, response_only=True)])
    def get(self, request: Request, job: str) -> Response:
        """A job.

        With `wait` the answer comes once the job has ended, else after so many seconds (25 at most) with the job as it is then. With
        If-None-Match too, whatever changes is answered at once, and 304 says that nothing did. Where many wait already, the answer comes
        at once; so ask in a loop until `status` is one of `completed`, `failed` and `cancelled`.
        """

        def look() -> tuple[Any, dict[str, Any]]:
            with self.caller.scope():
                row = self.read(job)
                return row, self.told(row)

        row, body = wait_for_news(look, self._is_news, self.wishes.values.get("wait", 0), self.caller.family)
        answer = self.with_etag(body, etag(body))
        if not row.has_ended:
            answer["Retry-After"] = str(_worth_a_look_in(row, timezone.now()))
        return answer

    def _is_news(self, seen: tuple[Any, dict[str, Any]]) -> bool:
        """For one who has a version, any other one is."""
        row, body = seen
        return row.has_ended or ("If-None-Match" in self.request.headers and not etags.is_known(self.request, etag(body)))


class CancelJob(JobView):
    scopes = {"POST": "jobs:write"}
    refuses = {"POST": ("job_running", "job_already_ended")}

    @extend_schema(
        operation_id="cancel_job",
        request=CancelIn,
        responses=JobOut,
        examples=[OpenApiExample("Whatever it does just now", {"discard": True}, request_only=True)],
    )
    def post(self, request: Request, job: str) -> Response:
        """Cancel a job.

        QuickSight has no way to stop one that runs. With `discard` such a job goes on, its result is dropped when it comes, and it ends
        cancelled; until then it runs. Again it changes nothing.
        """
        discard = CancelIn.read(request)["discard"]
        with self.caller.scope():
            found = self.find(job)
            domain.cancel(found, self.caller.actor, discard=discard, now=timezone.now())
            return Response(self.answer(found))


class RetryJob(JobView):
    scopes = {"POST": "jobs:write"}
    idempotency = V1View.OPTIONAL
    refuses = {"POST": ("job_not_ended", "job_held", *OF_A_REPORT)}

    @extend_schema(operation_id="retry_job", request=None, responses={201: JobOut})
    def post(self, request: Request, job: str) -> Response:
        """Run a job again.

        A new job with the same wishes, that points at the old one; relative periods stay those of the first run. Who still waits for the
        files of the old one waits for those of the new one.
        """
        Nothing.read(request)
        return self.create(lambda: self.made(domain.retry(self.find(job), self.caller.actor, now=timezone.now())))


class RestateJob(JobView):
    scopes = {"POST": "jobs:write"}
    idempotency = V1View.OPTIONAL
    refuses = {"POST": ("job_not_completed", "job_held", "job_recalled", "reason_missing", *OF_A_REPORT)}

    @extend_schema(
        operation_id="restate_job",
        request=CorrectionIn,
        responses={201: JobOut},
        examples=[OpenApiExample("A correction", {"because": "Sunday's calls were missing."}, request_only=True)],
    )
    def post(self, request: Request, job: str) -> Response:
        """Run a job again as a corrected version.

        Once it is ready, links of the old one show it first, with what was wrong, to those who would still be sent the report. Who
        downloaded the old one gets a mail then.
        """

        def act() -> Response:
            found = self.find(job)
            wish = CorrectionIn.read(request)
            newer = domain.correct(found, self.caller.actor, wish["because"], withdraw=wish["recall"], now=timezone.now())
            return self.made(newer)

        return self.create(act)


class RecallJob(JobView):
    scopes = {"POST": "jobs:write"}
    refuses = {"POST": ("job_not_completed", "job_held", "job_recalled", "reason_missing")}

    @extend_schema(
        operation_id="recall_job",
        request=RecallIn,
        responses=JobOut,
        examples=[OpenApiExample("It was wrong", {"because": "Sunday's calls were missing."}, request_only=True)],
    )
    def post(self, request: Request, job: str) -> Response:
        """Withdraw the files of a job.

        From then on nobody gets them: links say that they were withdrawn, mails that wait are not sent, and who downloaded them
        gets a mail. It cannot be undone.
        """
        with self.caller.scope():
            found = self.find(job)
            because = RecallIn.read(request)["because"]
            recall(found, because, self.caller.actor, now=timezone.now())
            return Response(self.answer(found))


def _worth_a_look_in(row: Any, now: datetime) -> int:
    """Seconds, of one that moves."""
    if row.expected_end is None:
        return USUAL_LOOK
    return min(max(math.ceil((row.expected_end - now).total_seconds()), 1), MOST_WAIT)


def etag(body: dict[str, Any]) -> str:
    """Of all that is told: a job has no version, its engine moves it."""
    told = json.dumps(body, sort_keys=True, default=str)
    return f'"{str(body["id"])[:8]}-{hashlib.sha256(told.encode()).hexdigest()[:16]}"'
