"""The only door to QuickSight: plain values in, frozen dataclasses out, AwsError for everything that AWS can say no with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reports.aws.asking import ask
from reports.aws.catalogue import Dashboard, DataSet, Definition, Summary, read_dashboard, read_data_set, read_definition, read_summary
from reports.aws.clients import AccountFacts, quicksight_client
from reports.aws.errors import AwsError, NotYet

SERVICE = "QuickSight"
# The most that ListDashboards gives at once.
LIST_PAGE = 100
# AWS's names of typed parameter lists, by our type words.
PARAMETER_LISTS = {
    "string": "StringParameters",
    "integer": "IntegerParameters",
    "decimal": "DecimalParameters",
    "datetime": "DateTimeParameters",
}


@dataclass(frozen=True)
class Output:
    """One file of a job: a PDF of the whole sheet, an Excel workbook of several visuals, or a CSV of one."""

    format: str
    visual_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class SnapshotRequest:
    job_id: str
    dashboard_id: str
    sheet_id: str
    outputs: tuple[Output, ...]
    session_tags: dict[str, str]
    bucket: str
    prefix: str
    # (name, type, values): values as Python str, int, float or aware datetime.
    parameters: tuple[tuple[str, str, tuple[Any, ...]], ...] = ()


@dataclass(frozen=True)
class SnapshotStatus:
    status: str
    created_at: datetime | None
    updated_at: datetime | None

    @property
    def is_terminal(self) -> bool:
        return self.status in ("COMPLETED", "FAILED")


@dataclass(frozen=True)
class OutputResult:
    output: Output
    uri: str
    error_type: str = ""
    error_message: str = ""


@dataclass(frozen=True)
class SnapshotResult:
    status: str
    outputs: tuple[OutputResult, ...] = ()
    error_type: str = ""
    error_message: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass
class QuickSight:
    """Calls for one account. `gate` is asked before each call and returns when the account's request rate allows it; `heard` is told what
    came of it: the operation, and AWS's refusal or None."""

    account: AccountFacts
    gate: Callable[[], None] = field(default=lambda: None)
    heard: Callable[[str, AwsError | None], None] = field(default=lambda operation, refusal: None)

    def connect(self) -> None:
        """Make the client, which takes a while; later calls find it."""
        ask(self.account, (SERVICE, "connect"), quicksight_client, lambda client: None)

    def start_snapshot(self, request: SnapshotRequest) -> None:
        """Raises AlreadyExists for an id that an earlier call of ours got accepted."""
        self._call(
            "start_dashboard_snapshot_job",
            DashboardId=request.dashboard_id,
            SnapshotJobId=request.job_id,
            UserConfiguration={"AnonymousUsers": [{"RowLevelPermissionTags": _tags(request.session_tags)}]},
            SnapshotConfiguration=_configuration(request, self.account.region),
        )

    def snapshot_status(self, dashboard_id: str, job_id: str) -> SnapshotStatus:
        answer = self._call("describe_dashboard_snapshot_job", DashboardId=dashboard_id, SnapshotJobId=job_id)
        return SnapshotStatus(answer.get("JobStatus", ""), answer.get("CreatedTime"), answer.get("LastUpdatedTime"))

    def snapshot_result(self, dashboard_id: str, job_id: str) -> SnapshotResult:
        """Every file group with every S3 result; raises NotYet before the job's end."""
        answer = self._call("describe_dashboard_snapshot_job_result", DashboardId=dashboard_id, SnapshotJobId=job_id)
        status = answer.get("JobStatus", "")
        if status not in ("COMPLETED", "FAILED"):
            raise NotYet("JobStatus", status)
        error = answer.get("ErrorInfo") or {}
        times = answer.get("CreatedTime"), answer.get("LastUpdatedTime")
        return SnapshotResult(status, tuple(_outputs(answer)), error.get("ErrorType", ""), error.get("ErrorMessage", ""), *times)

    def list_dashboards(self) -> list[Summary]:
        """Every dashboard of the account; one call for each page of them."""
        found: list[Summary] = []
        token = None
        while True:
            answer = self._call("list_dashboards", MaxResults=LIST_PAGE, **({"NextToken": token} if token else {}))
            found += [read_summary(row) for row in answer.get("DashboardSummaryList", [])]
            token = answer.get("NextToken")
            if not token:
                return found

    def describe_dashboard(self, dashboard_id: str) -> Dashboard:
        return read_dashboard(self._call("describe_dashboard", DashboardId=dashboard_id))

    def describe_definition(self, dashboard_id: str) -> Definition:
        return read_definition(self._call("describe_dashboard_definition", DashboardId=dashboard_id))

    def describe_dataset(self, data_set_id: str) -> DataSet:
        return read_data_set(self._call("describe_data_set", DataSetId=data_set_id))

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        def act(client: Any) -> dict[str, Any]:
            return dict(getattr(client, operation)(AwsAccountId=self.account.aws_account_id, **arguments))

        # As AWS spells it: start_dashboard_snapshot_job is StartDashboardSnapshotJob.
        named = operation.title().replace("_", "")
        try:
            answer = ask(self.account, (SERVICE, named), quicksight_client, act, gate=self.gate)
        except AwsError as refusal:
            self.heard(operation, refusal)
            raise
        self.heard(operation, None)
        return answer


def _tags(session_tags: dict[str, str]) -> list[dict[str, str]]:
    """The service leaves out row-level security when no tag is sent: so an empty set is refused here, whatever the caller meant."""
    if not session_tags or not all(session_tags.values()):
        raise ValueError("A snapshot is never started without session tags, or with a blank one.")
    return [{"Key": key, "Value": value} for key, value in sorted(session_tags.items())]


def _configuration(request: SnapshotRequest, region: str) -> dict[str, Any]:
    bucket = {"BucketName": request.bucket, "BucketPrefix": request.prefix, "BucketRegion": region}
    configuration: dict[str, Any] = {
        "FileGroups": [{"Files": [_file(request.sheet_id, output)]} for output in request.outputs],
        "DestinationConfiguration": {"S3Destinations": [{"BucketConfiguration": bucket}]},
    }
    parameters: dict[str, list[dict[str, Any]]] = {}
    for name, kind, values in request.parameters:
        parameters.setdefault(PARAMETER_LISTS[kind], []).append({"Name": name, "Values": list(values)})
    # Left out when empty: the service does not take null here.
    return configuration | ({"Parameters": parameters} if parameters else {})


def _file(sheet_id: str, output: Output) -> dict[str, Any]:
    selection: dict[str, Any] = {"SheetId": sheet_id, "SelectionScope": "ALL_VISUALS"}
    if output.visual_ids:
        selection |= {"SelectionScope": "SELECTED_VISUALS", "VisualIds": list(output.visual_ids)}
    return {"FormatType": output.format, "SheetSelections": [selection]}


def _outputs(answer: dict[str, Any]) -> list[OutputResult]:
    groups = [group for user in (answer.get("Result") or {}).get("AnonymousUsers", []) for group in user.get("FileGroups", [])]
    return [_output(file, result) for group in groups for file in group.get("Files", []) for result in group.get("S3Results") or [{}]]


def _output(file: dict[str, Any], result: dict[str, Any]) -> OutputResult:
    visuals = tuple(visual for selection in file.get("SheetSelections", []) for visual in selection.get("VisualIds") or ())
    errors = result.get("ErrorInfo") or [{}]
    return OutputResult(
        Output(file.get("FormatType", ""), visuals),
        result.get("S3Uri", ""),
        errors[0].get("ErrorType", ""),
        errors[0].get("ErrorMessage", ""),
    )
