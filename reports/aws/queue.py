"""The only door to SQS: take messages, and say that they were taken in."""

from __future__ import annotations

from dataclasses import dataclass

from reports.aws.asking import ask
from reports.aws.clients import AccountFacts, sqs_client

MOST_AT_ONCE = 10
WAIT_SECONDS = 5


@dataclass(frozen=True)
class Message:
    body: str
    receipt: str


def receive(region: str, queue_url: str) -> list[Message]:
    """Waits a few seconds for the first one. The same message may come again, and in any order. Raises AwsError."""
    wanted = {"QueueUrl": queue_url, "MaxNumberOfMessages": MOST_AT_ONCE, "WaitTimeSeconds": WAIT_SECONDS}
    answer = ask(AccountFacts("", region), ("SQS", "ReceiveMessage"), sqs_client, lambda client: client.receive_message(**wanted))
    return [Message(message["Body"], message["ReceiptHandle"]) for message in answer.get("Messages", [])]


def look_into(region: str, queue_url: str) -> None:
    """Whether messages could be received; what is there stays, though SQS counts it as received once more. Raises AwsError."""
    wanted = {"QueueUrl": queue_url, "MaxNumberOfMessages": 1, "VisibilityTimeout": 0}
    ask(AccountFacts("", region), ("SQS", "ReceiveMessage"), sqs_client, lambda client: client.receive_message(**wanted))


def delete(region: str, queue_url: str, messages: list[Message]) -> None:
    """What is not deleted comes again after the queue's visibility time-out. Raises AwsError."""
    entries = [{"Id": str(number), "ReceiptHandle": message.receipt} for number, message in enumerate(messages)]
    ask(
        AccountFacts("", region),
        ("SQS", "DeleteMessageBatch"),
        sqs_client,
        lambda client: client.delete_message_batch(QueueUrl=queue_url, Entries=entries),
    )
