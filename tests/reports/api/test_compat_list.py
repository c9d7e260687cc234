from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reports.models import SnapshotJob
from tenants.scope import tenant_scope
from tests.factories import make_attempt, make_file, make_job, make_report


def ids(answer) -> list[str]:
    return [item["jobId"] for item in answer["Items"]]


def many_jobs(tenant, report, count, now) -> list[str]:
    """Newest first. All of one moment, as a batch makes them."""
    with tenant_scope(tenant):
        jobs = [
            SnapshotJob(
                tenant=tenant,
                report=report,
                account_id=report.account_id,
                trigger="compat",
                formats=["PDF"],
                actor="x",
                created_at=now,
                deadline_at=now + timedelta(hours=6),
            )
            for _ in range(count)
        ]
        SnapshotJob.objects.bulk_create(jobs)
    return sorted((str(job.pk) for job in jobs), reverse=True)


def test_an_unknown_dashboard_has_no_jobs(acme_client, daily_calls):
    empty = {"Items": [], "Count": 0, "ScannedCount": 0}

    assert acme_client.get() == (200, empty)
    assert acme_client.get("?dashboardId=nope") == (200, empty)
    assert acme_client.get("?dashboardId=%00%ff") == (200, empty)
    assert acme_client.call("POST", "/nope") == (200, empty)


def test_all_jobs_are_listed_or_those_of_one_dashboard_newest_first(acme, acme_client, daily_calls, now):
    old = make_job(tenant=acme, report=daily_calls, now=now)
    new = make_job(tenant=acme, report=daily_calls, now=now + timedelta(seconds=1))
    other = make_job(tenant=acme, report=make_report(slug="other"), now=now)
    make_job(tenant=acme, report=daily_calls, now=now, hidden_at=now)

    assert set(ids(acme_client.get()[1])) == {str(old.pk), str(new.pk), str(other.pk)}
    assert ids(acme_client.get("?dashboardId=daily-calls")[1]) == [str(new.pk), str(old.pk)]
    assert ids(acme_client.call("POST", "/daily-calls")[1]) == [str(new.pk), str(old.pk)]


def test_a_waiting_job_is_listed_with_what_was_asked_for(acme, acme_client, daily_calls, now):
    job = make_job(
        tenant=acme,
        report=daily_calls,
        formats=["CSV"],
        visual_ids=["table-1"],
        parameters={"Region": ["North"]},
        requested_prefix="snapshots/",
        now=now,
    )

    [item] = acme_client.get("?dashboardId=daily-calls")[1]["Items"]

    assert item == {
        "dashboardId": "daily-calls",
        "jobId": str(job.pk),
        "jobStatus": "QUEUED",
        "sheetId": "sheet-1",
        "visualId": ["table-1"],
        "parameters": {"StringParameters": [{"Name": "Region", "Values": ["North"]}]},
        "outputFormat": "CSV",
        "outputDestination": {"BucketPrefix": "snapshots/"},
        "timestamp": "2026-03-02 09:00:00.000000+00:00",
    }


def test_a_finished_job_is_listed_with_its_times_parameters_and_place(acme, acme_client, daily_calls, now):
    job = make_job(tenant=acme, report=daily_calls, status="completed", parameters={"MinSeconds": [7]}, now=now)
    file = make_file(job=job)

    [item] = acme_client.get()[1]["Items"]

    assert item["jobStatus"] == "COMPLETED"
    assert item["createdTime"] == item["completedTime"] == "2026-03-02 09:00:00.000000+00:00"
    assert json.loads(item["jobParameters"]) == {"IntegerParameters": [{"Name": "MinSeconds", "Values": [7]}]}
    assert item["outputLocation"] == f"s3://{file.bucket}/{file.key}"


def test_a_failed_job_is_listed_with_its_reason(acme, acme_client, daily_calls, now):
    make_job(tenant=acme, report=daily_calls, status="failed", failure_message="QuickSight could not render this report.", now=now)

    [item] = acme_client.get()[1]["Items"]

    assert (item["jobStatus"], item["errorMessage"]) == ("FAILED", "QuickSight could not render this report.")


@pytest.mark.parametrize("query", ["?", "?dashboardId=daily-calls&"])
def test_pages_of_a_hundred_follow_one_another_without_gap_or_repeat(acme, acme_client, daily_calls, now, query):
    expected = many_jobs(acme, daily_calls, 230, now)

    pages, token = [], ""
    while True:
        answer = acme_client.get(f"{query}nextToken={token}")[1]
        pages.append(ids(answer))
        if "NextToken" not in answer:
            break
        assert answer["NextToken"] == answer["nextToken"]
        token = answer["NextToken"]

    assert [len(page) for page in pages] == [100, 100, 30]
    assert [job for page in pages for job in page] == expected


def test_a_full_last_page_names_no_next_one(acme, acme_client, daily_calls, now):
    many_jobs(acme, daily_calls, 100, now)

    answer = acme_client.get()[1]

    assert (answer["Count"], "NextToken" in answer) == (100, False)


def test_a_token_continues_its_own_list_only(acme, acme_client, globex_client, daily_calls, now):
    many_jobs(acme, daily_calls, 101, now)
    token = acme_client.get("?dashboardId=daily-calls")[1]["NextToken"]

    assert acme_client.get(f"?dashboardId=daily-calls&nextToken={token}")[0] == 200
    for client, query in [(acme_client, ""), (acme_client, "dashboardId=other&"), (globex_client, "dashboardId=daily-calls&")]:
        status, answer = client.get(f"?{query}nextToken={token}")
        assert (status, answer["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize("token", ["x", "%00", "%ff%fe", "eyJhIjoxfQ", "a" * 4001, "ÄÖ", "WyIyMDI2IiwgIngiXQ:1abc:def", "===="])
def test_a_broken_token_is_refused(acme_client, token):
    status, answer = acme_client.get(f"?nextToken={token}")

    assert (status, answer["code"]) == (400, "invalid_cursor")


def queries_of_a_list(client) -> int:
    with CaptureQueriesContext(connection) as caught:
        client.get("?dashboardId=daily-calls")
    return len(caught)


def test_the_number_of_queries_does_not_grow_with_the_list(acme, acme_client, daily_calls, now):
    def add(count):
        for _ in range(count):
            job = make_job(tenant=acme, report=daily_calls, status="completed", parameters={"Region": ["North"]}, now=now)
            make_file(job=job, attempt=make_attempt(job=job, ended_at=now))

    acme_client.get()
    add(1)
    few = queries_of_a_list(acme_client)

    add(11)

    assert queries_of_a_list(acme_client) == few
