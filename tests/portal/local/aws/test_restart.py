from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from tests.portal.local.aws.snapshot_requests import PDF, fetch, ids, run, start_request, uris, wait_for_end
from tests.pretend_aws import BUCKET, start_server

METADATA = {"ContentType": "text/plain", "Metadata": {"made-by": "a client"}}


def put(s3: Any, key: str) -> None:
    s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode(), **METADATA)


def test_objects_outlive_a_killed_server(tmp_path: Path) -> None:
    first = start_server(tmp_path / "with a blank", job_seconds=0.1, requests_per_second=500)
    s3 = first.client("s3")
    s3.create_bucket(Bucket="of-a-client")
    for key in ("kept é", "deleted", "deleted too", "gone"):
        put(s3, key)
    s3.delete_object(Bucket=BUCKET, Key="deleted")
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "deleted too"}, {"Key": "gone"}]})
    uri = uris(run(first.client("quicksight"), start_request(PDF, tags={"tenant_id": "acme"})))[0]
    before = fetch(first, uri)
    os.kill(first.process.pid, signal.SIGKILL)
    first.stop()

    second = start_server(tmp_path / "with a blank")
    try:
        s3 = second.client("s3")
        kept = s3.get_object(Bucket=BUCKET, Key="kept é")
        keys = {entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET)["Contents"]}

        assert fetch(second, uri) == before
        assert kept["Body"].read() == "kept é".encode()
        assert (kept["ContentType"], kept["Metadata"]) == (METADATA["ContentType"], METADATA["Metadata"])
        assert not keys & {"deleted", "deleted too", "gone"}
        s3.head_bucket(Bucket="of-a-client")
    finally:
        second.stop()


def test_jobs_outlive_a_killed_server_and_end_in_the_next(tmp_path: Path) -> None:
    first = start_server(tmp_path, job_seconds=0.1, requests_per_second=500)
    finished, running = start_request(job="finished"), start_request(PDF, tags={"tenant_id": "acme"}, job="running")
    quicksight = first.client("quicksight")
    result = run(quicksight, finished)
    first.control.set(job_seconds=1)
    quicksight.start_dashboard_snapshot_job(**running)
    os.kill(first.process.pid, signal.SIGKILL)
    first.stop()

    second = start_server(tmp_path, requests_per_second=500)
    try:
        quicksight = second.client("quicksight")
        wait_for_end(quicksight, running)

        assert uris(quicksight.describe_dashboard_snapshot_job_result(**ids(finished))) == uris(result)
        uri = uris(quicksight.describe_dashboard_snapshot_job_result(**ids(running)))[0]
        assert fetch(second, uri).startswith(b"%PDF-")
    finally:
        second.stop()
