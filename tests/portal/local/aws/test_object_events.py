"""What S3 tells of new objects: through EventBridge, or a queue directly; also twice, late, out of order, early, or not at all."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest

from portal.local.aws.options import EVENT_QUEUE
from tests.portal.local.aws.snapshot_requests import PDF, csv_of, run, split_uri, start_request, uris, wait_for_end
from tests.pretend_aws import ACCOUNT, BUCKET, REGION, Server, start_server

Read = Callable[..., list[dict[str, Any]]]
PREFIX = "t/r90/one/two/"
PATTERN = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": [BUCKET]}}}


@pytest.fixture
def queue(aws: Server) -> tuple[str, str]:
    """URL and ARN."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=f"events-{uuid.uuid4()}")["QueueUrl"]
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


@pytest.fixture
def read(aws: Server, queue: tuple[str, str]) -> Read:
    sqs, (url, _) = aws.client("sqs"), queue

    def bodies(number: int = 1, *, wait: int = 5) -> list[dict[str, Any]]:
        """At least so many messages; [] when none came in time."""
        found: list[dict[str, Any]] = []
        end = time.monotonic() + wait
        while len(found) < number and time.monotonic() < end:
            for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", []):
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    return bodies


@pytest.fixture
def bridged(aws: Server, queue: tuple[str, str]) -> None:
    """The bucket's events go to EventBridge, and a rule puts them into the queue."""
    events = aws.client("events")
    events.put_rule(Name="created", EventPattern=json.dumps(PATTERN))
    events.put_targets(Rule="created", Targets=[{"Id": "queue", "Arn": queue[1]}])
    aws.client("s3").put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"EventBridgeConfiguration": {}}, SkipDestinationValidation=True
    )


@pytest.fixture
def direct(aws: Server, queue: tuple[str, str], read: Read) -> dict[str, Any]:
    """The bucket tells the queue itself. What is returned is the test message."""
    wanted = {"Id": "reports", "QueueArn": queue[1], "Events": ["s3:ObjectCreated:*"]}
    wanted["Filter"] = {"Key": {"FilterRules": [{"Name": "prefix", "Value": "t/"}]}}
    aws.client("s3").put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [wanted]}, SkipDestinationValidation=True
    )
    (trial,) = read()
    return trial


def put(aws: Server, key: str = f"{PREFIX}opaque näme.pdf", data: bytes = b"%PDF-") -> str:
    return str(aws.client("s3").put_object(Bucket=BUCKET, Key=key, Body=data)["ETag"]).strip('"')


def test_eventbridge_tells_of_each_object_in_its_own_form(aws: Server, bridged: None, read: Read) -> None:
    etag = put(aws)

    (event,) = read()

    detail = event.pop("detail")
    sequencer = detail["object"].pop("sequencer")
    assert {name: event[name] for name in ("version", "detail-type", "source", "account", "region", "resources")} == {
        "version": "0",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": ACCOUNT,
        "region": REGION,
        "resources": [f"arn:aws:s3:::{BUCKET}"],
    }
    assert datetime.strptime(event["time"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp() > time.time() - 60
    assert (detail["version"], detail["bucket"], detail["reason"]) == ("0", {"name": BUCKET}, "PutObject")
    assert detail["object"] == {"key": f"{PREFIX}opaque näme.pdf", "size": 5, "etag": etag}
    assert int(sequencer, 16)


def test_an_event_that_no_rule_wants_goes_nowhere(aws: Server, bridged: None, read: Read) -> None:
    aws.control.create_bucket("others")
    aws.client("s3").put_bucket_notification_configuration(
        Bucket="others", NotificationConfiguration={"EventBridgeConfiguration": {}}, SkipDestinationValidation=True
    )

    aws.client("s3").put_object(Bucket="others", Key="t/other", Body=b"x")
    put(aws, "t/ours")

    assert [event["detail"]["object"]["key"] for event in read()] == ["t/ours"]


def test_a_rule_that_is_switched_off_tells_nobody(aws: Server, bridged: None, read: Read) -> None:
    aws.client("events").disable_rule(Name="created")
    put(aws, "t/unheard")
    aws.client("events").enable_rule(Name="created")
    put(aws, "t/heard")

    assert [event["detail"]["object"]["key"] for event in read()] == ["t/heard"]


def test_a_queue_that_is_told_directly_gets_a_test_message_first(aws: Server, direct: dict[str, Any]) -> None:
    assert direct.keys() == {"Service", "Event", "Time", "Bucket", "RequestId", "HostId"}
    assert (direct["Service"], direct["Event"], direct["Bucket"]) == ("Amazon S3", "s3:TestEvent", BUCKET)


def test_a_queue_that_is_told_directly_gets_records_with_keys_encoded_as_in_forms(aws: Server, direct: dict[str, Any], read: Read) -> None:
    etag = put(aws)

    (message,) = read()

    (record,) = message["Records"]
    told = record["s3"]["object"]
    assert (record["eventVersion"], record["eventSource"], record["eventName"]) == ("2.1", "aws:s3", "ObjectCreated:Put")
    assert (record["awsRegion"], record["s3"]["configurationId"]) == (REGION, "reports")
    assert (record["s3"]["bucket"]["name"], record["s3"]["bucket"]["arn"]) == (BUCKET, f"arn:aws:s3:::{BUCKET}")
    assert told.pop("sequencer")
    assert told == {"key": f"{PREFIX}opaque+n%C3%A4me.pdf", "size": 5, "eTag": etag}
    assert unquote_plus(told["key"]) == f"{PREFIX}opaque näme.pdf"


def test_a_filter_of_the_notification_is_kept_to(aws: Server, direct: dict[str, Any], read: Read) -> None:
    put(aws, "elsewhere/x")
    put(aws, "t/x")

    assert [record["s3"]["object"]["key"] for message in read() for record in message["Records"]] == ["t/x"]


def test_large_objects_and_copies_say_how_they_came(aws: Server, bridged: None, read: Read) -> None:
    s3 = aws.client("s3")
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="t/large")["UploadId"]
    part = s3.upload_part(Bucket=BUCKET, Key="t/large", UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": part}]}
    s3.complete_multipart_upload(Bucket=BUCKET, Key="t/large", UploadId=upload, MultipartUpload=parts)
    s3.copy_object(Bucket=BUCKET, Key="t/copy", CopySource={"Bucket": BUCKET, "Key": "t/large"})

    events = read(2)

    assert [(event["detail"]["object"]["key"], event["detail"]["reason"]) for event in events] == [
        ("t/large", "CompleteMultipartUpload"),
        ("t/copy", "CopyObject"),
    ]
    assert events[0]["detail"]["object"]["etag"].endswith("-1")


def test_each_file_of_a_job_is_told_of_once_the_job_is_completed(aws: Server, quicksight: Any, bridged: None, read: Read) -> None:
    request = start_request(PDF, csv_of("table-1"), prefix=PREFIX)
    aws.control.stuck_jobs()
    quicksight.start_dashboard_snapshot_job(**request)
    before = read(wait=2)

    aws.control.finish(request["SnapshotJobId"])
    wait_for_end(quicksight, request)

    told = {event["detail"]["object"]["key"] for event in read(2)}
    result = quicksight.describe_dashboard_snapshot_job_result(**{n: request[n] for n in ("AwsAccountId", "DashboardId", "SnapshotJobId")})
    assert before == []
    assert told == {split_uri(uri)[1] for uri in uris(result)}


def test_events_can_come_before_a_job_is_completed(aws: Server, quicksight: Any, bridged: None, read: Read) -> None:
    aws.control.set(early_events=True)
    aws.control.stuck_jobs()
    request = start_request(prefix=PREFIX)

    quicksight.start_dashboard_snapshot_job(**request)

    (event,) = read()
    described = quicksight.describe_dashboard_snapshot_job(**{n: request[n] for n in ("AwsAccountId", "DashboardId", "SnapshotJobId")})
    assert described["JobStatus"] in ("QUEUED", "RUNNING")
    assert aws.client("s3").head_object(Bucket=BUCKET, Key=event["detail"]["object"]["key"])


def test_events_can_come_twice(aws: Server, bridged: None, read: Read) -> None:
    aws.control.set(event_copies=2)

    put(aws, "t/x")

    assert [event["detail"]["object"]["key"] for event in read(2)] == ["t/x"] * 2


@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_events_can_come_late_by_the_clock(aws: Server, bridged: None, read: Read, spread: float) -> None:
    aws.control.set(event_delay=600, event_spread=spread)
    put(aws, "t/x")

    before = read(wait=1)
    aws.control.advance_clock(6000, settle=False)

    assert before == []
    assert len(read()) == 1


def test_events_can_come_out_of_order(aws: Server, bridged: None, read: Read) -> None:
    aws.control.set(event_disorder=True)
    put(aws, "t/1")
    put(aws, "t/2")

    events = read(2)

    assert [event["detail"]["object"]["key"] for event in events] == ["t/2", "t/1"]


def test_events_can_be_lost(aws: Server, bridged: None, read: Read) -> None:
    aws.control.set(event_share=0)
    put(aws, "t/lost")
    aws.control.set(event_share=1)
    put(aws, "t/told")

    assert [event["detail"]["object"]["key"] for event in read()] == ["t/told"]


def test_nobody_hears_of_anything_after_a_reset(aws: Server, bridged: None, read: Read) -> None:
    aws.control.set(event_delay=600)
    put(aws, "t/pending")

    aws.control.reset()
    put(aws, "t/later")

    assert read(wait=1) == []


@pytest.fixture(scope="module", params=["eventbridge", "direct"])
def telling(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = start_server(tmp_path_factory.mktemp("aws"), job_seconds=0.1, small_files=True, events=request.param)
    yield server
    server.stop()


def keys_told(server: Server) -> list[str]:
    """Until a message of a new object comes, at most five seconds; test messages are passed over."""
    sqs = server.client("sqs")
    for _ in range(5):
        answer = sqs.receive_message(QueueUrl=f"{server.url}/{ACCOUNT}/{EVENT_QUEUE}", MaxNumberOfMessages=10, WaitTimeSeconds=1)
        bodies = [json.loads(message["Body"]) for message in answer.get("Messages", [])]
        told = [body["detail"]["object"]["key"] for body in bodies if "detail" in body]
        told += [unquote_plus(record["s3"]["object"]["key"]) for body in bodies for record in body.get("Records", [])]
        if told:
            return told
    return []


def test_an_option_sets_all_of_it_up_and_a_reset_leaves_it_so(telling: Server) -> None:
    telling.control.reset()

    result = run(telling.client("quicksight"), start_request(prefix=PREFIX))

    assert keys_told(telling) == [split_uri(uri)[1] for uri in uris(result)]


def test_options_make_events_late_and_lose_some(tmp_path: Path) -> None:
    server = start_server(tmp_path, events="eventbridge", event_delay=1.2, event_spread=0.5, event_share=0.99)

    switches = server.control.set()
    server.stop()

    assert [switches[name] for name in ("event_delay", "event_spread", "event_share")] == [1.2, 0.5, 0.99]
