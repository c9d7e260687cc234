"""Over the API: an address for a minute, the record of who asked for it, and files that are not there any more."""

from __future__ import annotations

import urllib.request
from datetime import timedelta

import pytest
from django.utils import timezone

from reports.aws import clients
from reports.models import Download, SnapshotFile, SnapshotJob
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests.factories import make_api_key, make_file, make_grant, make_job, make_report
from tests.portal.views.conftest import BODY, aws, server
from tests.pretend_aws import BUCKET
from tests.reports.api.v1.conftest import V1Client, code

__all__ = ["aws", "server"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def daily_calls(acme, globex):
    report = make_report(slug="daily-calls")
    for tenant in (acme, globex):
        make_grant(tenant=tenant, report=report)
    return report


@pytest.fixture
def file(aws, acme, daily_calls) -> SnapshotFile:
    """In the store."""
    file = make_file(job=make_job(tenant=acme, report=daily_calls, status="completed"), body=BODY, bucket=BUCKET, name="daily-calls.pdf")
    aws.client("s3").put_object(Bucket=BUCKET, Key=file.key, Body=BODY)
    return file


def address(file: SnapshotFile) -> str:
    return f"/api/v1/jobs/{file.job_id}/files/{file.pk}/download/"


def change(row, **columns) -> None:
    with tenant_scope(row.tenant_id):
        type(row).objects.filter(pk=row.pk).update(**columns)


def recorded(tenant) -> list[tuple[str, str]]:
    with tenant_scope(tenant):
        assert AuditEvent.objects.filter(action="file.downloaded").count() == Download.objects.count()
        return list(Download.objects.values_list("actor", "user_agent"))


def remakes(tenant) -> list[SnapshotJob]:
    with tenant_scope(tenant):
        return list(SnapshotJob.objects.filter(trigger="remake"))


def test_the_address_gives_the_file_and_each_asking_is_recorded(acme_v1, acme, file):
    first, second = (acme_v1.get(address(file), user_agent="lake/1.0") for _ in range(2))

    body = first.json()
    assert set(body) == {"url", "expires_at"}
    assert urllib.request.urlopen(body["url"]).read() == BODY
    assert second.status_code == 200
    assert recorded(acme) == [("API key “integration”", "lake/1.0")] * 2


def test_a_job_that_has_not_completed_has_no_files(acme_v1, acme, file):
    change(file.job, status="running", finished_at=None)

    assert code(acme_v1.get(address(file))) == (409, "file_not_ready")
    assert recorded(acme) == []


@pytest.mark.parametrize("gone", [{"purged_at": timezone.now()}, {"created_at": timezone.now() - timedelta(days=400)}])
def test_what_is_past_its_days_is_gone_and_says_so_in_its_job(acme_v1, acme, file, gone):
    change(file, **gone)

    assert code(acme_v1.get(address(file))) == (410, "file_gone")
    assert recorded(acme) == []
    assert acme_v1.get(f"/api/v1/jobs/{file.job_id}/").json()["files"][0]["kept_until"] is None


def test_what_the_store_lost_is_made_again_once_and_nobody_counts_as_having_it(acme_v1, aws, acme, file):
    aws.client("s3").delete_object(Bucket=BUCKET, Key=file.key)

    answers = [acme_v1.get(address(file)) for _ in range(2)]

    assert [code(answer) for answer in answers] == [(503, "file_unavailable")] * 2
    (remake,) = remakes(acme)
    assert str(remake.pk) in answers[1].json()["detail"]
    assert int(answers[0]["Retry-After"]) > 0
    assert acme_v1.get(f"/api/v1/jobs/{remake.pk}/").json()["trigger"] == "remake"
    assert recorded(acme) == []


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_once_that_has_ended_its_job_is_where_to_look(acme_v1, aws, acme, file, status):
    aws.client("s3").delete_object(Bucket=BUCKET, Key=file.key)
    acme_v1.get(address(file))
    (remake,) = remakes(acme)
    change(remake, status=status, finished_at=timezone.now())

    answer = acme_v1.get(address(file))

    assert code(answer) == (410, "file_gone")
    assert str(remake.pk) in answer.json()["detail"]
    assert len(remakes(acme)) == 1


def test_a_store_that_does_not_answer_is_no_reason_to_make_it_again(acme_v1, aws, acme, file, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    clients.forget()

    assert code(acme_v1.get(address(file))) == (503, "file_unavailable")
    assert (remakes(acme), recorded(acme)) == ([], [])


def test_another_companys_file_is_as_good_as_none(globex_v1, acme_v1, acme, globex, file, daily_calls):
    own = make_job(tenant=globex, report=daily_calls, status="completed")
    other = make_job(tenant=acme, report=daily_calls, status="completed")
    answers = [
        globex_v1.get(address(file)),
        globex_v1.get(f"/api/v1/jobs/{own.pk}/files/{file.pk}/download/"),
        acme_v1.get(f"/api/v1/jobs/{other.pk}/files/{file.pk}/download/"),
        acme_v1.get(f"/api/v1/jobs/{file.job_id}/files/x/download/"),
    ]

    assert [code(answer) for answer in answers] == [(404, "not_found")] * 4
    assert recorded(acme) == recorded(globex) == []


def test_asking_how_it_would_be_is_no_download(acme_v1, acme, file):
    assert acme_v1.call("HEAD", address(file)).status_code == 405
    assert recorded(acme) == []


def test_whoever_lacks_the_scope_gets_no_file(acme, file):
    other = V1Client(make_api_key(tenant=acme, name="links", scopes=("links:write",))[1])

    assert code(other.get(address(file))) == (403, "missing_scope")
    assert recorded(acme) == []
