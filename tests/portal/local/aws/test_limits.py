from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from portal.local.aws.options import parse_options
from portal.local.aws.throttle import Throttle
from tests.portal.local.aws.snapshot_requests import PDF, csv_of, ids, run, start_request, uris, wait_for_end
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


@pytest.mark.parametrize(("queued_jobs_count", "outcome"), [(True, "refused"), (False, "started")])
def test_a_job_in_quicksights_queue_counts_or_not(aws: Server, quicksight: Any, queued_jobs_count: bool, outcome: str) -> None:
    aws.control.set(slots=1, queued_jobs_count=queued_jobs_count, job_seconds=60, queued_seconds=30)
    queued = start_request()
    quicksight.start_dashboard_snapshot_job(**queued)

    second = try_to_start(quicksight)
    aws.control.advance_clock(30, settle=False)
    third = try_to_start(quicksight)

    assert quicksight.describe_dashboard_snapshot_job(**ids(queued))["JobStatus"] == "RUNNING"
    assert (second, third) == (outcome, "refused")


@pytest.mark.parametrize(("slots_per_region", "outcome"), [(False, "refused"), (True, "started")])
def test_slots_are_the_accounts_or_each_regions(aws: Server, quicksight: Any, slots_per_region: bool, outcome: str) -> None:
    aws.control.set(slots=1, slots_per_region=slots_per_region)
    aws.control.stuck_jobs(times=3)
    quicksight.start_dashboard_snapshot_job(**start_request())

    elsewhere = try_to_start(aws.client("quicksight", region="eu-west-1"), region="eu-west-1")
    here = try_to_start(quicksight)

    assert (elsewhere, here) == (outcome, "refused")


def test_the_limits_of_a_real_account_are_on_by_default() -> None:
    switches = parse_options(["--state", "unused"]).switches

    assert (switches.slots, switches.requests_per_second) == (12, 10)


def test_the_eleventh_call_within_a_second_is_throttled(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("portal.local.aws.throttle.time.monotonic", lambda: now[0])
    throttle, admitted = Throttle(), []

    for moment in [100.0] * 5 + [100.5] * 5 + [100.99] + [101.0] * 6 + [101.5]:
        now[0] = moment
        admitted.append(throttle.admit(10))

    assert admitted == [True] * 10 + [False] + [True] * 5 + [False] + [True]
    assert throttle.refused == 2


def test_calls_of_any_operation_are_throttled_and_create_nothing(aws: Server, quicksight: Any) -> None:
    known = start_request()
    quicksight.start_dashboard_snapshot_job(**known)
    aws.control.set(requests_per_second=0)
    account = {"AwsAccountId": ACCOUNT}
    calls = [
        (quicksight.start_dashboard_snapshot_job, start_request()),
        (quicksight.describe_dashboard_snapshot_job, ids(known)),
        (quicksight.describe_dashboard_snapshot_job_result, ids(known)),
        (quicksight.list_dashboards, account),
        (quicksight.describe_dashboard, account | {"DashboardId": "daily-calls"}),
        (quicksight.describe_data_set, account | {"DataSetId": "calls"}),
    ]

    for operation, arguments in calls:
        with pytest.raises(quicksight.exceptions.ThrottlingException):
            operation(**arguments)

    assert [job["id"] for job in aws.control.jobs()] == [known["SnapshotJobId"]]
    assert aws.control.stats()["throttled"] == len(calls)


def test_an_id_in_use_is_refused_on_its_dashboard_and_free_on_another(aws: Server, quicksight: Any) -> None:
    request = start_request(job="chosen-by-us")
    run(quicksight, request)

    with pytest.raises(quicksight.exceptions.ResourceExistsException):
        quicksight.start_dashboard_snapshot_job(**request)
    quicksight.start_dashboard_snapshot_job(**request | {"DashboardId": "agent-scorecard"})

    assert quicksight.describe_dashboard_snapshot_job(**ids(request))["JobStatus"] == "COMPLETED"


@pytest.mark.parametrize("other", [{"SnapshotJobId": "nobodys"}, {"DashboardId": "agent-scorecard"}], ids=["job", "dashboard"])
def test_an_unknown_job_or_the_right_one_under_another_dashboard_is_not_found(quicksight: Any, other: dict[str, str]) -> None:
    request = start_request()
    quicksight.start_dashboard_snapshot_job(**request)

    for operation in (quicksight.describe_dashboard_snapshot_job, quicksight.describe_dashboard_snapshot_job_result):
        with pytest.raises(quicksight.exceptions.ResourceNotFoundException) as caught:
            operation(**ids(request) | other)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def try_to_start(quicksight: Any, **wanted: Any) -> str:
    try:
        quicksight.start_dashboard_snapshot_job(**start_request(**wanted))
    except quicksight.exceptions.LimitExceededException:
        return "refused"
    return "started"


def test_the_id_of_a_job_that_still_runs_is_refused_and_the_first_job_untouched(aws: Server, quicksight: Any) -> None:
    aws.control.stuck_jobs()
    request = start_request(csv_of("table-1"), job="chosen-by-us", tags={"tenant_id": "acme"})
    quicksight.start_dashboard_snapshot_job(**request)
    aws.control.advance_clock(48 * 3600, settle=False)

    with pytest.raises(quicksight.exceptions.ResourceExistsException):
        quicksight.start_dashboard_snapshot_job(**start_request(PDF, job="chosen-by-us"))

    (job,) = aws.control.jobs()
    assert (job["status"], job["tags"], job["formats"]) == ("RUNNING", {"tenant_id": "acme"}, ["CSV"])


@pytest.mark.parametrize("forget_jobs_after", [24 * 3600, 60, None])
def test_an_id_is_free_a_day_after_its_jobs_end_and_not_before(aws: Server, quicksight: Any, forget_jobs_after: float | None) -> None:
    aws.control.set(forget_jobs_after=forget_jobs_after)
    request = start_request(job="again")
    first = run(quicksight, request)

    aws.control.advance_clock(24 * 3600 - 60, settle=False)
    with pytest.raises(quicksight.exceptions.ResourceExistsException):
        quicksight.start_dashboard_snapshot_job(**request)
    aws.control.advance_clock(60, settle=False)

    second = run(quicksight, request)
    assert uris(second) != uris(first)
    assert second["CreatedTime"] > first["CreatedTime"]


@pytest.mark.parametrize(("forget_jobs_after", "known"), [(24 * 3600, False), (None, True)])
def test_a_day_after_its_end_a_job_is_forgotten_or_not(aws: Server, quicksight: Any, forget_jobs_after: float | None, known: bool) -> None:
    aws.control.set(forget_jobs_after=forget_jobs_after)
    request = start_request()
    run(quicksight, request)

    aws.control.advance_clock(24 * 3600 - 60, settle=False)
    quicksight.describe_dashboard_snapshot_job_result(**ids(request))
    aws.control.advance_clock(60, settle=False)

    for operation in (quicksight.describe_dashboard_snapshot_job, quicksight.describe_dashboard_snapshot_job_result):
        if known:
            assert operation(**ids(request))["JobStatus"] == "COMPLETED"
        else:
            with pytest.raises(quicksight.exceptions.ResourceNotFoundException):
                operation(**ids(request))
