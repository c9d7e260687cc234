"""What benchmarks want of the pretend AWS: jobs of known length, answers that take their time, and calls that are counted."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.portal.local.aws.snapshot_requests import csv_of, ids, run, start_request
from tests.pretend_aws import BUCKET, Server


def test_a_job_takes_as_long_as_is_said_for_the_folder_it_writes_to(aws: Server, quicksight: Any) -> None:
    aws.control.set(job_seconds=300, folder_seconds={"quick": 0.1})
    request = start_request(csv_of("table-1"), prefix="t/r90/acme/quick/")

    run(quicksight, request)

    assert aws.control.jobs()[0]["prefix"] == "t/r90/acme/quick/"


def test_an_answer_takes_its_time(aws: Server, quicksight: Any) -> None:
    aws.control.set(answer_seconds=0.2)

    began = time.monotonic()
    quicksight.list_dashboards(AwsAccountId="111122223333")

    assert time.monotonic() - began >= 0.2


def test_calls_are_counted_for_each_job_with_its_refused_starts(aws: Server, quicksight: Any) -> None:
    aws.control.set(slots=1, job_seconds=300)
    first, second = start_request(csv_of("table-1")), start_request(csv_of("table-1"))
    quicksight.start_dashboard_snapshot_job(**first)
    with pytest.raises(ClientError, match="LimitExceededException"):
        quicksight.start_dashboard_snapshot_job(**second)
    quicksight.describe_dashboard_snapshot_job(**ids(first))
    aws.client("s3").list_objects_v2(Bucket=BUCKET)

    stats = aws.control.stats()

    assert stats["calls_of_job"] == {first["SnapshotJobId"]: 2, second["SnapshotJobId"]: 1}
    assert stats["other_calls"] == {"s3": 1}
