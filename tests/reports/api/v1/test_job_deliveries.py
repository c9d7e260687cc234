"""Over the API: to whom the files of a job go, and sending them again to those whom they did not reach."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from reports.models import Delivery, Suppression
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests.factories import (
    make_api_key,
    make_delivery,
    make_file,
    make_grant,
    make_job,
    make_link,
    make_recipient,
    make_report,
)
from tests.reports.api.v1.conftest import V1Client, code

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def daily_calls(acme, globex):
    report = make_report(slug="daily-calls")
    for tenant in (acme, globex):
        make_grant(tenant=tenant, report=report)
    return report


@pytest.fixture
def job(acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls, status="completed")
    make_file(job=job)
    return job


def address(job, rest: str = "") -> str:
    return f"/api/v1/jobs/{job.pk}/deliveries/{rest}"


def status_of(delivery: Delivery) -> tuple[str, int, bool]:
    with tenant_scope(delivery.tenant_id):
        delivery.refresh_from_db()
    return delivery.status, delivery.tries, delivery.next_try_at is not None


def test_each_is_told_without_its_address(acme_v1, acme, job):
    recipient = make_recipient(tenant=acme, email="olga@customer.example")
    delivery = make_delivery(job=job, address="olga@customer.example", status="sent", tries=2, sent_at=NOW, recipient=recipient)
    make_link(job=job, delivery=delivery, created_at=NOW - timedelta(hours=1), email="olga@customer.example")
    link, _token = make_link(job=job, delivery=delivery, created_at=NOW, email="olga@customer.example")

    answer = acme_v1.get(address(job))

    (body,) = answer.json()["results"]
    assert body == {
        "id": str(delivery.pk),
        "job": str(job.pk),
        "recipient": str(recipient.pk),
        "recipient_masked": "o•••@customer.example",
        "destination": None,
        "channel": "email",
        "status": "sent",
        "attempts": 2,
        "next_attempt_at": None,
        "sent_at": NOW.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "failure": None,
        "link": str(link.pk),
        "created_at": body["created_at"],
    }
    assert "olga" not in answer.content.decode()


@pytest.mark.parametrize(
    ("status", "failure_code", "retryable"),
    [("failed", "unreachable", True), ("bounced", "no_such_address", False), ("suppressed", "unsubscribed", False)],
)
def test_what_did_not_arrive_says_why(acme_v1, job, status, failure_code, retryable):
    make_delivery(job=job, status=status, failure_code=failure_code)

    (body,) = acme_v1.get(address(job)).json()["results"]

    assert (body["failure"]["code"], body["failure"]["retryable"]) == (failure_code, retryable)
    assert body["failure"]["message"].endswith(".")


def test_what_arrived_did_not_fail_whatever_was_said_of_it_later(acme_v1, job):
    make_delivery(job=job, status="sent", failure_code="complained")

    assert acme_v1.get(address(job)).json()["results"][0]["failure"] is None


def test_they_are_filtered_and_paged(acme_v1, acme, job):
    recipient = make_recipient(tenant=acme, email="olga@customer.example")
    sent = make_delivery(job=job, status="sent", created_at=NOW, recipient=recipient)
    failed = make_delivery(job=job, status="failed", created_at=NOW)
    make_delivery(job=make_job(tenant=acme, report=job.report, status="completed"))

    def found(query: str) -> set[str]:
        return {row["id"] for row in acme_v1.get(address(job) + query).json()["results"]}

    assert found("") == found("?channel=email") == {str(sent.pk), str(failed.pk)}
    assert found("?status=failed,bounced") == {str(failed.pk)}
    assert found(f"?recipient={recipient.pk}") == {str(sent.pk)}
    first = acme_v1.get(address(job) + "?limit=1").json()
    second = acme_v1.get(first["next"].partition("//")[2].partition("/")[1] + first["next"].partition("//")[2].partition("/")[2]).json()
    assert {first["results"][0]["id"], second["results"][0]["id"]} == {str(sent.pk), str(failed.pk)}
    assert second["next"] is None


def test_those_of_a_job_that_is_not_there_are_not_there(acme_v1, globex, job, daily_calls):
    foreign = make_job(tenant=globex, report=daily_calls, status="completed")
    hidden = make_job(tenant=job.tenant, report=daily_calls, status="completed", hidden_at=NOW)

    answers = [acme_v1.get(address(one)) for one in (foreign, hidden)]
    answers += [acme_v1.post(address(one, "retry-failed/")) for one in (foreign, hidden)]

    assert [code(answer) for answer in answers] == [(404, "not_found")] * 4


def test_what_failed_is_sent_again_and_nothing_else(acme_v1, acme, job):
    failed, bounced = (make_delivery(job=job, status=status, tries=7, failure_code="unreachable") for status in ("failed", "bounced"))
    sent, stopped, unwanted = (make_delivery(job=job, status=status, tries=1) for status in ("sent", "failed", "suppressed"))
    with tenant_scope(acme):
        Suppression.objects.create(tenant=acme, email=stopped.address, reason="bounced", at=NOW)

    answer = acme_v1.post(address(job, "retry-failed/"))

    assert (answer.status_code, answer.json()["id"]) == (200, str(job.pk))
    assert answer.json()["deliveries"] == {"pending": 2, "sent": 1, "failed": 1, "suppressed": 1}
    assert [status_of(delivery) for delivery in (failed, bounced)] == [("pending", 0, True)] * 2
    assert [status_of(delivery)[0] for delivery in (sent, stopped, unwanted)] == ["sent", "failed", "suppressed"]
    with tenant_scope(acme):
        assert AuditEvent.objects.get(action="job.resent").after == {"number": 2}


def test_twice_sends_nothing_twice(acme_v1, job):
    failed = make_delivery(job=job, status="failed")

    acme_v1.post(address(job, "retry-failed/"))
    again = acme_v1.post(address(job, "retry-failed/"))

    assert code(again) == (409, "nothing_failed")
    assert status_of(failed)[0] == "pending"


def test_addresses_that_take_nothing_are_named_as_the_reason(acme_v1, acme, job):
    stopped = make_delivery(job=job, status="bounced")
    with tenant_scope(acme):
        Suppression.objects.create(tenant=acme, email=stopped.address, reason="bounced", at=NOW)

    answer = acme_v1.post(address(job, "retry-failed/"))

    assert code(answer) == (409, "nothing_failed")
    assert "addresses that are left" in answer.json()["detail"]


def test_a_job_without_files_has_nothing_to_send(acme_v1, acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls, status="failed", failure_code="report_failed")
    failed = make_delivery(job=job, status="failed", failure_code="job_failed")

    assert code(acme_v1.post(address(job, "retry-failed/"))) == (409, "job_not_completed")
    assert status_of(failed)[0] == "failed"


def test_files_past_their_days_are_sent_to_nobody(acme_v1, acme, daily_calls):
    long_ago = NOW - timedelta(days=acme.retention_days, hours=1)
    job = make_job(tenant=acme, report=daily_calls, status="completed", created_at=long_ago, finished_at=long_ago)
    make_delivery(job=job, status="failed")

    assert code(acme_v1.post(address(job, "retry-failed/"))) == (410, "file_gone")


def test_reading_is_not_sending(acme, job):
    reader = V1Client(make_api_key(tenant=acme, name="reader", scopes=("jobs:read",))[1])

    assert reader.get(address(job)).status_code == 200
    assert code(reader.post(address(job, "retry-failed/"))) == (403, "missing_scope")


def test_a_page_takes_the_same_queries_however_many_there_are(acme_v1, job, django_assert_max_num_queries):
    make_delivery(job=job, status="sent")
    acme_v1.get(address(job))

    with django_assert_max_num_queries(30) as one:
        acme_v1.get(address(job))
    for _ in range(10):
        make_delivery(job=job, status="failed")
    with django_assert_max_num_queries(len(one)):
        acme_v1.get(address(job))
