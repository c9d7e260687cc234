from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.portal.local.aws.snapshot_requests import ids, run, start_request, wait_for_end
from tests.pretend_aws import ACCOUNT, Server


def test_the_job_above_the_slots_is_refused_and_works_once_one_ended(aws: Server, quicksight: Any) -> None:
    aws.control.set(slots=2)
    aws.control.stuck_jobs(times=2)
    first, second, third = (start_request() for _ in range(3))
    quicksight.start_dashboard_snapshot_job(**first)
    quicksight.start_dashboard_snapshot_job(**second | {"DashboardId": "agent-scorecard"})

    with pytest.raises(quicksight.exceptions.LimitExceededException) as caught:
        quicksight.start_dashboard_snapshot_job(**third)
    aws.control.finish(first["SnapshotJobId"])
    wait_for_end(quicksight, first)
    quicksight.start_dashboard_snapshot_job(**third)

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    assert "ResourceType" in caught.value.response
    stats = aws.control.stats()
    assert (stats["refused_by_limit"], stats["peak_unfinished"]) == (1, 2)
    assert stats["accepted"][third["SnapshotJobId"]] == 1


def test_twelve_jobs_at_once_are_accepted_and_not_one_more(aws: Server, quicksight: Any) -> None:
    aws.control.set(small_files=True)
    aws.control.stuck_jobs(times=20)

    def start(_: int) -> str:
        try:
            quicksight.start_dashboard_snapshot_job(**start_request())
        except quicksight.exceptions.LimitExceededException:
            return "refused"
        return "started"

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(start, range(20)))

    assert (outcomes.count("started"), outcomes.count("refused")) == (12, 8)
    assert aws.control.stats()["peak_unfinished"] == 12


def test_the_call_above_the_budget_of_a_second_is_throttled_and_creates_nothing(aws: Server, quicksight: Any) -> None:
    aws.control.set(requests_per_second=3)
    for _ in range(3):
        quicksight.list_dashboards(AwsAccountId=ACCOUNT)

    with pytest.raises(quicksight.exceptions.ThrottlingException) as caught:
        quicksight.start_dashboard_snapshot_job(**start_request())

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert aws.control.jobs() == []
    assert aws.control.stats()["throttled"] == 1


def test_an_id_in_use_is_refused_on_its_dashboard_and_free_on_another(aws: Server, quicksight: Any) -> None:
    request = start_request(job="chosen-by-us")
    run(quicksight, request)

    with pytest.raises(quicksight.exceptions.ResourceExistsException):
        quicksight.start_dashboard_snapshot_job(**request)
    quicksight.start_dashboard_snapshot_job(**request | {"DashboardId": "agent-scorecard"})

    assert quicksight.describe_dashboard_snapshot_job(**ids(request))["JobStatus"] == "COMPLETED"


def test_the_right_job_under_another_dashboard_is_not_found(quicksight: Any) -> None:
    request = start_request()
    quicksight.start_dashboard_snapshot_job(**request)

    with pytest.raises(quicksight.exceptions.ResourceNotFoundException):
        quicksight.describe_dashboard_snapshot_job(**ids(request) | {"DashboardId": "agent-scorecard"})


def test_a_day_after_its_end_a_job_is_forgotten_and_its_id_free(aws: Server, quicksight: Any) -> None:
    request = start_request(job="again")
    run(quicksight, request)

    aws.control.advance_clock(24 * 3600)

    with pytest.raises(quicksight.exceptions.ResourceNotFoundException):
        quicksight.describe_dashboard_snapshot_job(**ids(request))
    assert quicksight.start_dashboard_snapshot_job(**request)["SnapshotJobId"] == "again"
