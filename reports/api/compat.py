"""The older serverless API, for clients that know no other. Words and statuses are that API's; docs/integrations.md has them all."""

from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from reports import files
from reports.api import compat_answers as answers
from reports.api.authentication import XApiKey
from reports.api.caller import Caller
from reports.api.compat_body import read_submission
from reports.api.compat_cursor import read_page
from reports.api.compat_http import AlwaysJson, CompatError, to_response
from reports.api.compat_jobs import find_job, hide, jobs_of, submit
from reports.api.json_body import JsonBody
from reports.api.rates import OLDER, Rate
from reports.api.tenant_view import TenantView
from reports.models import SnapshotJob


class CompatView(TenantView):
    authentication_classes = (XApiKey,)
    parser_classes = (JsonBody,)
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = AlwaysJson
    http_method_names = ("get", "post", "delete")
    # Not part of the documented API.
    schema = None

    def get_exception_handler(self) -> Any:
        return to_response

    def rates(self, method: str) -> tuple[Rate, ...]:
        return (OLDER,)


class OpenEnded(CompatView):
    """Its address matches anything: asked by another method, it is a route that does not exist, as the older API's gateway said."""

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> NoReturn:
        raise CompatError(403, message="Missing Authentication Token")


class UnknownRoute(OpenEnded):
    scopes = {}


class Base(CompatView):
    scopes = {"GET": "jobs:read", "POST": "jobs:write"}

    def get(self, request: Request) -> Response:
        return list_jobs(self.caller, request.query_params.get("dashboardId", ""), request.query_params.get("nextToken", ""))

    def post(self, request: Request) -> Response:
        wanted = read_submission(request.data)
        with self.caller.scope():
            job = submit(self.caller, wanted, timezone.now())
        return Response({"SnapshotJobId": str(job.pk), "Status": "QUEUED", "RequestId": self.caller.actor.request_id})


class ListOfDashboard(OpenEnded):
    """The list as the older documentation's prose has it."""

    scopes = {"POST": "jobs:read"}

    def post(self, request: Request, dashboard_id: str) -> Response:
        return list_jobs(self.caller, dashboard_id, request.query_params.get("nextToken", ""))


class Describe(CompatView):
    scopes = {"GET": "jobs:read"}

    def get(self, request: Request, dashboard_id: str, job_id: str) -> Response:
        with self.caller.scope():
            body = answers.description(find_job(self.caller, dashboard_id, job_id))
        return Response(body | {"RequestId": self.caller.actor.request_id})


class DescribeResult(CompatView):
    scopes = {"GET": "jobs:read"}

    def get(self, request: Request, dashboard_id: str, job_id: str) -> Response:
        with self.caller.scope():
            job = find_job(self.caller, dashboard_id, job_id)
            if answers.status_word(job) not in ("COMPLETED", "FAILED"):
                detail = f"Dashboard Snapshot Job with id {job.pk} has not reached a terminal state."
                raise CompatError(400, error=detail, code="job_not_ended")
            body = answers.result(job)
        return Response(body | {"RequestId": self.caller.actor.request_id})


class Download(CompatView):
    scopes = {"GET": "jobs:read"}

    def get(self, request: Request, dashboard_id: str, job_id: str) -> Response:
        caller = self.caller
        with caller.scope():
            job = find_job(caller, dashboard_id, job_id)
            now = timezone.now()
            kept = [file for file in job.files.all() if file.is_offered(caller.tenant, now)]
            granted = kept if job.status == SnapshotJob.Status.COMPLETED else []
            for file in granted:
                file.tenant = caller.tenant
                files.note_download(file, caller.actor, now=now)
        if not granted:
            return Response({"error": "Output location not available"})
        urls = [files.presigned_url(file, seconds=settings.PORTAL_COMPAT_URL_SECONDS) for file in granted]
        several = {"presignedUrls": urls} if len(urls) > 1 else {}
        return Response({"Arn": None, "Result": None, "presignedUrl": urls[0]} | several)


class Delete(OpenEnded):
    scopes = {"DELETE": "jobs:write"}

    def delete(self, request: Request, dashboard_id: str, job_id: str) -> Response:
        with self.caller.scope():
            job = find_job(self.caller, dashboard_id, job_id)
            if not hide(job, self.caller, timezone.now()):
                return Response({"error": f"Cannot delete job with status: {answers.status_word(job)}"})
        return Response({"message": "Snapshot job deleted successfully"})


def list_jobs(caller: Caller, dashboard_id: str, token: str) -> Response:
    with caller.scope():
        # Not joined: with row-level security on both tables the join is planned several times slower.
        wanted = jobs_of(caller, dashboard_id).prefetch_related("report__parameters", "files")
        page, next_token = read_page(wanted, caller.tenant, dashboard_id, token)
        items = [answers.item(job) for job in page]
    # The older API reads the one spelling and writes the other.
    more = {"NextToken": next_token, "nextToken": next_token} if next_token else {}
    return Response({"Items": items, "Count": len(items), "ScannedCount": len(items)} | more)
