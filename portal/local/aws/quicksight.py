"""moto's QuickSight with snapshot jobs and the catalogue reads added."""

from __future__ import annotations

import json
from typing import Any

from moto.core.responses import ActionResult
from moto.quicksight.responses import QuickSightResponse

from portal.local.aws.definitions import Definitions
from portal.local.aws.delivery import BucketUnusable, place
from portal.local.aws.errors import Refusal, invalid
from portal.local.aws.faults import JobFault
from portal.local.aws.jobs import COMPLETED, FAILED, Job
from portal.local.aws.validation import check_shape, check_start
from portal.local.aws.world import World


class SnapshotResponse(QuickSightResponse):
    """One request; methods are named after the operations, as moto wants them."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def get_region_from_url(self, request: Any, full_url: str) -> str:
        """The region that the caller signed for; moto would believe the user agent."""
        scope = request.headers.get("Authorization", "").split("/")
        return scope[2] if len(scope) > 4 else self.default_region

    def start_dashboard_snapshot_job(self) -> ActionResult:
        request = self._json_body() | {"AwsAccountId": self._label("AwsAccountId"), "DashboardId": self._label("DashboardId")}
        self.world.jobs.count_start(str(request.get("SnapshotJobId", "")))
        check_shape(request)
        dashboard = self.world.catalogue.dashboards.get(request["DashboardId"])
        if self.world.switches.bucket_checked_at_start:
            self._check_bucket(request)
        job = self._new_job(request)
        try:
            check_start(request, dashboard, self.region, strict_parameters=self.world.switches.strict_parameters)
        except Refusal as refusal:
            if dashboard is None or self.world.switches.wrong_requests == "refuse":
                raise
            job.fault = JobFault("failed", error_type="INVALID_REQUEST", message=refusal.message)
        self.world.jobs.add(job)
        if not job.fault:
            self.world.jobs.meet(job, self.world.faults.next_job(job.dashboard_id))
        self.world.delivery.submit(job)
        return ActionResult({"Arn": job.arn, "SnapshotJobId": job.id})

    def describe_dashboard_snapshot_job(self) -> ActionResult:
        job, now = self._job(), self.world.jobs.now()
        described = {
            "AwsAccountId": job.account,
            "DashboardId": job.dashboard_id,
            "SnapshotJobId": job.id,
            "SnapshotConfiguration": job.request["SnapshotConfiguration"],
            "Arn": job.arn,
            "JobStatus": job.status(now),
            "CreatedTime": job.created,
            "LastUpdatedTime": job.updated(now),
            "Status": 200,
        }
        if "UserConfiguration" in job.request:
            described["UserConfiguration"] = _redacted(job.request["UserConfiguration"])
        return ActionResult(described)

    def describe_dashboard_snapshot_job_result(self) -> ActionResult:
        job, now = self._job(), self.world.jobs.now()
        status = job.status(now)
        if status not in (COMPLETED, FAILED):
            message = f"Dashboard Snapshot Job with id {job.id} has not reached a terminal state."
            raise Refusal(self.world.switches.early_result_code, message)
        outcome = {"ErrorInfo": job.error} if job.error else {"Result": {"AnonymousUsers": [{"FileGroups": job.groups}]}}
        times = {"CreatedTime": job.created, "LastUpdatedTime": job.updated(now)}
        return ActionResult({"Arn": job.arn, "JobStatus": status, **times, **outcome})

    def list_dashboards(self) -> ActionResult:  # type: ignore[override]
        dashboards = sorted(self.world.catalogue.dashboards.values(), key=lambda dashboard: dashboard.id)
        first, size = self._page()
        page = [self._definitions.summary(dashboard) for dashboard in dashboards[first : first + size]]
        more = {"NextToken": str(first + size)} if first + size < len(dashboards) else {}
        return ActionResult({"DashboardSummaryList": page, **more})

    def describe_dashboard(self) -> ActionResult:  # type: ignore[override]
        return ActionResult({"Dashboard": self._definitions.dashboard(self._dashboard())})

    def describe_dashboard_definition(self) -> ActionResult:
        return ActionResult(self._definitions.definition(self._dashboard()))

    def describe_data_set(self) -> ActionResult:
        dataset = self.world.catalogue.datasets.get(self._label("DataSetId"))
        if dataset is None:
            raise Refusal("ResourceNotFoundException", f"Data set {self._label('DataSetId')} was not found.")
        return ActionResult({"DataSet": self._definitions.dataset(dataset)})

    def _new_job(self, request: dict[str, Any]) -> Job:
        now, switches = self.world.jobs.now(), self.world.switches
        _, prefix = place(request)
        seconds = switches.seconds_for(request["DashboardId"], prefix)
        return Job(
            account=self.world.account,
            region=self.region,
            request=request,
            created=now,
            runs_at=now + min(switches.queued_seconds, seconds / 2),
            ends_at=now + seconds,
        )

    def _check_bucket(self, request: dict[str, Any]) -> None:
        try:
            self.world.delivery.check_bucket(request)
        except BucketUnusable as unusable:
            raise invalid(str(unusable)) from unusable

    def _json_body(self) -> dict[str, Any]:
        try:
            body = json.loads(self.body or "{}")
        except ValueError as error:
            raise Refusal("InvalidParameterValueException", f"The body is not JSON: {error}") from error
        if not isinstance(body, dict):
            raise Refusal("InvalidParameterValueException", "The body must be a JSON object.")
        return body

    def _page(self) -> tuple[int, int]:
        """(first, size) from `next-token` and `max-results`."""
        token, size = self.querystring.get("next-token", ["0"])[0], self.querystring.get("max-results", ["100"])[0]
        if not (token.isdecimal() and size.isdecimal() and 1 <= int(size) <= 100):
            raise Refusal("InvalidParameterValueException", "max-results must be 1 to 100, next-token one we gave.")
        return int(token), int(size)

    @property
    def _definitions(self) -> Definitions:
        return Definitions(self.world.account, self.region)

    def _dashboard(self) -> Any:
        dashboard_id = self._label("DashboardId")
        if dashboard_id not in self.world.catalogue.dashboards:
            raise Refusal("ResourceNotFoundException", f"Dashboard {dashboard_id} was not found.")
        return self.world.catalogue.dashboards[dashboard_id]

    def _job(self) -> Job:
        return self.world.jobs.get(self._label("DashboardId"), self._label("SnapshotJobId"))

    def _label(self, name: str) -> str:
        return str(self.uri_match[name])


def _redacted(users: dict[str, Any]) -> dict[str, Any]:
    """Describe shows tag keys, never values."""
    keys = [[tag["Key"] for tag in user.get("RowLevelPermissionTags", [])] for user in users.get("AnonymousUsers", [])]
    return {"AnonymousUsers": [{"RowLevelPermissionTagKeys": tag_keys} if tag_keys else {} for tag_keys in keys]}
