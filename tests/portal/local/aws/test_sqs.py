"""SQS as the product needs it: moto's, held to what AWS documents."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.pretend_aws import ACCOUNT, Server


@pytest.fixture
def sqs(aws: Server) -> Any:
    return aws.client("sqs")


def make_queue(sqs: Any, **attributes: str) -> str:
    return str(sqs.create_queue(QueueName=f"q-{uuid.uuid4()}", Attributes=attributes)["QueueUrl"])


def received(sqs: Any, url: str, wait: int = 0, **wanted: Any) -> list[dict[str, Any]]:
    attributes = ["ApproximateReceiveCount"]
    answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=wait, MessageSystemAttributeNames=attributes, **wanted)
    return list(answer.get("Messages", []))


def test_an_empty_queue_answers_without_messages_at_all(sqs: Any) -> None:
    assert "Messages" not in sqs.receive_message(QueueUrl=make_queue(sqs))


def test_a_message_in_somebodys_hands_is_nobody_elses_until_its_time_is_over(sqs: Any) -> None:
    url = make_queue(sqs, VisibilityTimeout="1")
    sqs.send_message(QueueUrl=url, MessageBody="one")

    first = received(sqs, url)
    meanwhile = received(sqs, url)
    again = received(sqs, url, wait=5)

    assert (len(first), meanwhile) == (1, [])
    assert [message["Body"] for message in again] == ["one"]
    assert [message["Attributes"]["ApproximateReceiveCount"] for message in (*first, *again)] == ["1", "2"]
    assert first[0]["ReceiptHandle"] != again[0]["ReceiptHandle"]


def test_what_is_deleted_does_not_come_again(sqs: Any) -> None:
    url = make_queue(sqs, VisibilityTimeout="0")
    sqs.send_message(QueueUrl=url, MessageBody="one")
    (message,) = received(sqs, url)

    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    assert received(sqs, url) == []


def test_a_message_that_is_never_deleted_ends_in_the_dead_letter_queue(sqs: Any) -> None:
    dead = make_queue(sqs)
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "2"})
    url = make_queue(sqs, VisibilityTimeout="0", RedrivePolicy=policy)
    sqs.send_message(QueueUrl=url, MessageBody="poison")

    tries = [len(received(sqs, url)) for _ in range(3)]

    assert tries == [1, 1, 0]
    assert [message["Body"] for message in received(sqs, dead)] == ["poison"]


def test_a_long_poll_ends_with_the_first_message(sqs: Any) -> None:
    url = make_queue(sqs)
    # By the queue, so that it comes while the poll waits.
    sqs.send_message(QueueUrl=url, MessageBody="late", DelaySeconds=1)

    began = time.monotonic()
    messages = received(sqs, url, wait=10)

    assert [message["Body"] for message in messages] == ["late"]
    assert time.monotonic() - began >= 0.5


def test_a_queue_that_is_not_there_is_told_by_the_code_of_the_older_protocol(aws: Server, sqs: Any) -> None:
    with pytest.raises(ClientError) as refused:
        received(sqs, f"{aws.url}/{ACCOUNT}/nowhere")

    headers = refused.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert refused.value.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert headers["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"
    assert isinstance(refused.value, sqs.exceptions.QueueDoesNotExist)


def test_who_signs_wrongly_is_refused(aws: Server) -> None:
    stranger = aws.client("sqs", keys=("AKIAIOSFODNN7STRANGE", "x"))

    with pytest.raises(ClientError) as refused:
        received(stranger, f"{aws.url}/{ACCOUNT}/any")

    assert refused.value.response["Error"]["Code"] == "UnrecognizedClientException"
