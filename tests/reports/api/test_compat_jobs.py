"""Describe, result, download and delete of the older API."""

from __future__ import annotations

import uuid
from urllib.parse import parse_qs, urlsplit

import pytest

from reports.models import Download, SnapshotFile, SnapshotJob
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests.factories import make_api_key, make_attempt, make_file, make_job

NOT_FOUND = (404, {"error": "Job not found"})
UNAVAILABLE = (200, {"error": "Output location not available"})
WORDS = {
    "queued": "QUEUED",
    "starting": "RUNNING",
    "running": "RUNNING",
    "collecting": "RUNNING",
    "completed": "COMPLETED",
    "failed": "FAILED",
    "cancelled": "FAILED",
}


def place(job: SnapshotJob) -> str:
    return f"/daily-calls/{job.pk}"


def reread(job: SnapshotJob) -> SnapshotJob:
    with tenant_scope(job.tenant_id):
        job.refresh_from_db()
    return job


@pytest.mark.parametrize(("status", "word"), WORDS.items())
def test_each_state_has_the_word_that_old_clients_wait_for(acme, acme_client, daily_calls, status, word):
    job = make_job(tenant=acme, report=daily_calls, status=status)

    assert acme_client.get(f"/describe_job{place(job)}")[1]["JobStatus"] == word


def test_a_job_is_described_in_quicksights_shape_without_the_value_of_a_tag(acme, acme_client, daily_calls, now):
    job = make_job(tenant=acme, report=daily_calls, formats=["EXCEL"], visual_ids=["table-1"], requested_prefix="snapshots/", now=now)

    status, answer = acme_client.get(f"/describe_job{place(job)}")

    assert status == 200
    assert answer == {
        "JobStatus": "QUEUED",
        "CreatedTime": "2026-03-02 09:00:00.000000+00:00",
        "LastUpdatedTime": "2026-03-02 09:00:00.000000+00:00",
        "Status": 200,
        "DashboardId": "daily-calls",
        "SnapshotJobId": str(job.pk),
        "SnapshotConfiguration": {
            "FileGroups": [
                {
                    "Files": [
                        {
                            "FormatType": "EXCEL",
                            "SheetSelections": [{"SheetId": "sheet-1", "SelectionScope": "SELECTED_VISUALS", "VisualIds": ["table-1"]}],
                        }
                    ]
                }
            ],
            "DestinationConfiguration": {"S3Destinations": [{"BucketConfiguration": {"BucketPrefix": "snapshots/"}}]},
        },
        "UserConfiguration": {"AnonymousUsers": [{"RowLevelPermissionTagKeys": ["tenant_id"]}]},
        "RequestId": answer["RequestId"],
    }


def test_the_tags_described_are_those_that_were_sent(acme, acme_client, daily_calls):
    job = make_job(tenant=acme, report=daily_calls, status="running")
    make_attempt(job=job, session_tags={"tenant_id": "acme", "desk": "a-secret-desk"})

    answer = acme_client.get(f"/describe_job{place(job)}")[1]

    assert answer["UserConfiguration"] == {"AnonymousUsers": [{"RowLevelPermissionTagKeys": ["desk", "tenant_id"]}]}
    assert "a-secret-desk" not in str(answer)


def test_a_failed_job_tells_its_reason_in_describe_and_result(acme, acme_client, daily_calls):
    failure = {"failure_code": "report_failed", "failure_message": "QuickSight could not render this report."}
    job = make_job(tenant=acme, report=daily_calls, status="failed", **failure)
    reason = {"ErrorType": "REPORT_FAILED", "ErrorMessage": "QuickSight could not render this report."}

    assert acme_client.get(f"/describe_job{place(job)}")[1]["ErrorInfo"] == reason
    assert acme_client.get(f"/describe_job_result{place(job)}")[1]["ErrorInfo"] == reason
    assert acme_client.get(f"/download_output{place(job)}") == UNAVAILABLE


def test_a_result_names_each_file_and_where_it_lies(acme, acme_client, daily_calls):
    job = make_job(tenant=acme, report=daily_calls, status="completed", formats=["PDF", "CSV"], visual_ids=["table-1"])
    csv, pdf = make_file(job=job, format="CSV", visual_id="table-1"), make_file(job=job)

    status, answer = acme_client.get(f"/describe_job_result{place(job)}")

    groups = answer["Result"]["AnonymousUsers"][0]["FileGroups"]
    assert (status, answer["JobStatus"]) == (200, "COMPLETED")
    assert [group["S3Results"] for group in groups] == [[{"S3Uri": f"s3://{file.bucket}/{file.key}"}] for file in (csv, pdf)]
    assert [group["Files"][0]["FormatType"] for group in groups] == ["CSV", "PDF"]


@pytest.mark.parametrize("status", ["queued", "starting", "running", "collecting"])
def test_a_job_under_way_has_no_result_and_no_output_yet(acme, acme_client, daily_calls, status):
    job = make_job(tenant=acme, report=daily_calls, status=status)

    refused, answer = acme_client.get(f"/describe_job_result{place(job)}")

    assert refused == 400
    assert answer["error"] == f"Dashboard Snapshot Job with id {job.pk} has not reached a terminal state."
    assert acme_client.get(f"/download_output{place(job)}") == UNAVAILABLE
    with tenant_scope(acme):
        assert not Download.objects.exists()


def test_each_download_is_written_down_and_its_url_lives_as_long_as_set(aws, settings, acme, acme_client, daily_calls):
    settings.PORTAL_COMPAT_URL_SECONDS = 1800
    job = make_job(tenant=acme, report=daily_calls, status="completed")
    file = make_file(job=job)

    first = acme_client.get(f"/download_output{place(job)}", user_agent="older-client/1")[1]
    acme_client.get(f"/download_output{place(job)}")

    url = urlsplit(first["presignedUrl"])
    assert set(first) == {"Arn", "Result", "presignedUrl"}
    assert url.path.endswith(file.key)
    assert parse_qs(url.query)["X-Amz-Expires"] == ["1800"]
    with tenant_scope(acme):
        rows = list(Download.objects.order_by("at").values_list("file_id", "actor", "ip", "user_agent"))
    assert rows[0] == (file.pk, "API key “integration”", "127.0.0.1", "older-client/1")
    assert len(rows) == 2


def test_several_files_come_as_the_first_and_a_list(aws, acme, acme_client, daily_calls):
    job = make_job(tenant=acme, report=daily_calls, status="completed", formats=["PDF", "CSV"], visual_ids=["table-1"])
    make_file(job=job, format="CSV", visual_id="table-1")
    make_file(job=job)

    answer = acme_client.get(f"/download_output{place(job)}")[1]

    assert answer["presignedUrl"] == answer["presignedUrls"][0]
    assert len(set(answer["presignedUrls"])) == 2
    with tenant_scope(acme):
        assert Download.objects.count() == 2


def test_deleting_an_ended_job_hides_it_and_keeps_record_and_file(acme, acme_client, daily_calls):
    job = make_job(tenant=acme, report=daily_calls, status="completed")
    make_file(job=job)

    assert acme_client.call("DELETE", place(job)) == (200, {"message": "Snapshot job deleted successfully"})

    assert reread(job).hidden_at is not None
    assert acme_client.get()[1]["Items"] == []
    for path in ("/describe_job", "/describe_job_result", "/download_output"):
        assert acme_client.get(path + place(job)) == NOT_FOUND
    assert acme_client.call("DELETE", place(job)) == NOT_FOUND
    with tenant_scope(acme):
        assert SnapshotFile.objects.filter(job=job).exists()
        assert list(AuditEvent.objects.values_list("action", "actor", "object_id")) == [
            ("job.hidden", "API key “integration”", str(job.pk))
        ]


def test_deleting_a_waiting_job_cancels_it(acme, acme_client, daily_calls):
    job = make_job(tenant=acme, report=daily_calls)

    assert acme_client.call("DELETE", place(job))[0] == 200

    assert reread(job).status == "cancelled"
    assert job.hidden_at is not None
    with tenant_scope(acme):
        assert set(AuditEvent.objects.values_list("action", flat=True)) == {"job.cancelled", "job.hidden"}


@pytest.mark.parametrize("status", ["starting", "running", "collecting"])
def test_a_running_job_cannot_be_deleted(acme, acme_client, daily_calls, status):
    job = make_job(tenant=acme, report=daily_calls, status=status)

    assert acme_client.call("DELETE", place(job)) == (200, {"error": "Cannot delete job with status: RUNNING"})

    assert reread(job).hidden_at is None
    assert job.status == status


def test_a_key_that_may_only_read_deletes_nothing(acme, daily_calls, acme_client):
    job = make_job(tenant=acme, report=daily_calls, status="completed")
    acme_client.key = make_api_key(tenant=acme, name="reader", scopes=("jobs:read",))[1]

    assert acme_client.call("DELETE", place(job))[0] == 403

    assert reread(job).hidden_at is None


CALLS = [("GET", "/describe_job"), ("GET", "/describe_job_result"), ("GET", "/download_output"), ("DELETE", "")]


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize("status", ["queued", "completed"])
def test_a_job_of_another_tenant_is_answered_like_one_that_does_not_exist(acme, daily_calls, globex_client, method, path, status):
    job = make_job(tenant=acme, report=daily_calls, status=status)
    if status == "completed":
        make_file(job=job)

    assert globex_client.call(method, path + place(job)) == NOT_FOUND
    assert globex_client.call(method, f"{path}/daily-calls/{uuid.uuid4()}") == NOT_FOUND

    assert reread(job).status == status
    assert job.hidden_at is None
    assert globex_client.get("?dashboardId=daily-calls")[1]["Items"] == []
    with tenant_scope(acme):
        assert not Download.objects.exists()


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_job_under_another_dashboards_name_is_not_found(acme, acme_client, daily_calls, method, path):
    job = make_job(tenant=acme, report=daily_calls, status="completed")

    for dashboard in ("other", "DAILY-CALLS", "%00", "%ff", "daily-calls%0A", "x" * 3000):
        assert acme_client.call(method, f"{path}/{dashboard}/{job.pk}") == NOT_FOUND


@pytest.mark.parametrize("name", ["PDF_1765307746_6813369", "1", "%00", "%ff%fe", "null", "-", "x" * 3000, "'; drop table x --"])
@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_name_that_is_no_id_of_ours_is_not_found(acme_client, daily_calls, method, path, name):
    assert acme_client.call(method, f"{path}/daily-calls/{name}") == NOT_FOUND
