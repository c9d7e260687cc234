"""Copies into a bucket of somebody else, over HTTP to the pretend AWS: whole or not at all, once, and over nothing of theirs."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

from reports.aws import clients
from reports.delivery.channel import NotSent, Shipment, ShippedFile, Step, Stops, TryLater
from reports.delivery.s3copy import S3Copy
from reports.destinations.config import S3Config
from tests.pretend_aws import REGION, Server

BUCKET, OWNER, EXTERNAL_ID = "partner-reports", "210987654321", "ours-1234"
ROLE = f"arn:aws:iam::{OWNER}:role/reports-writer"
CONTENT = b"%PDF-1.7 " + b"x" * 300_000
CONFIG = S3Config(bucket=BUCKET, region=REGION, role_arn=ROLE, external_id=EXTERNAL_ID, folder="close", owner_account=OWNER)


@dataclass
class Ledger:
    """What a delivery's row keeps of a try."""

    placing: dict[str, str] = field(default_factory=dict)
    placed: dict[str, str] = field(default_factory=dict)

    def shipment(self, *files: ShippedFile) -> Shipment:
        left = [file for file in files if file.id not in self.placed]
        return Shipment(uuid.uuid4(), "close", left, dict(self.placing), self.placing.__setitem__, self.placed.__setitem__)


@pytest.fixture(autouse=True)
def partner(aws: Server, new_clients: None) -> Any:
    """A bucket of another account, and its role that wants our external id. Yields an S3 client that sees into it."""
    aws.control.create_bucket(BUCKET)
    aws.control.set(external_ids={ROLE: EXTERNAL_ID}, bucket_owners={BUCKET: OWNER})
    return aws.client("s3")


@pytest.fixture
def file(tmp_path: Path) -> ShippedFile:
    return shipped(tmp_path, "sales.pdf")


def shipped(folder: Path, name: str, content: bytes = CONTENT) -> ShippedFile:
    path = folder / uuid.uuid4().hex
    path.write_bytes(content)
    return ShippedFile(uuid.uuid4().hex, name, path, len(content), hashlib.sha256(content).digest())


def objects(partner: Any) -> dict[str, int]:
    return {found["Key"]: found["Size"] for found in partner.list_objects_v2(Bucket=BUCKET).get("Contents", ())}


def refusal(shipment: Shipment, config: S3Config = CONFIG) -> NotSent:
    with pytest.raises(NotSent) as caught:
        S3Copy(config).send(shipment)
    return caught.value


def states(config: S3Config = CONFIG) -> dict[str, str]:
    return {step.step: step.state for step in S3Copy(config).test()}


def test_files_arrive_whole_and_are_written_down(partner: Any, tmp_path: Path) -> None:
    ledger, files = Ledger(), [shipped(tmp_path, "sales.pdf"), shipped(tmp_path, "sales.csv", b"a,b\r\n1,2\r\n")]

    sent = S3Copy(CONFIG).send(ledger.shipment(*files))

    assert partner.get_object(Bucket=BUCKET, Key="close/sales.pdf")["Body"].read() == CONTENT
    assert objects(partner) == {"close/sales.pdf": len(CONTENT), "close/sales.csv": 10}
    assert ledger.placed == {files[0].id: "close/sales.pdf", files[1].id: "close/sales.csv"}
    assert sent.answer == "close/sales.pdf, close/sales.csv"


def test_a_name_of_theirs_is_left_alone_and_ours_gets_a_number(partner: Any, file: ShippedFile) -> None:
    partner.put_object(Bucket=BUCKET, Key="close/sales.pdf", Body=b"theirs")
    partner.put_object(Bucket=BUCKET, Key="close/sales-2.pdf", Body=b"theirs")
    ledger = Ledger()

    S3Copy(CONFIG).send(ledger.shipment(file))

    assert objects(partner) == {"close/sales.pdf": 6, "close/sales-2.pdf": 6, "close/sales-3.pdf": len(CONTENT)}
    assert ledger.placed == {file.id: "close/sales-3.pdf"}


def test_an_upload_that_breaks_off_leaves_nothing_and_the_next_try_places_it(aws: Server, partner: Any, file: ShippedFile) -> None:
    aws.control.drop("PutObject")
    ledger = Ledger()

    error = refusal(ledger.shipment(file))

    assert isinstance(error, TryLater)
    assert error.unknown
    assert (objects(partner), ledger.placed) == ({}, {})
    S3Copy(CONFIG).send(ledger.shipment(file))
    assert objects(partner) == {"close/sales.pdf": len(CONTENT)}


@pytest.mark.parametrize("fault", ["accept_then_drop", "hang"])
def test_an_upload_whose_answer_is_lost_is_found_by_the_next_try_and_doubles_nothing(
    aws: Server, partner: Any, file: ShippedFile, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "S3_ONCE", clients.S3_ONCE.merge(Config(read_timeout=1)))
    if fault == "hang":
        aws.control.hang("PutObject", 3)
    else:
        aws.control.accept_then_drop("PutObject")
    ledger = Ledger()

    error = refusal(ledger.shipment(file))
    S3Copy(CONFIG).send(ledger.shipment(file))

    assert (error.code, getattr(error, "unknown", None)) == ("fate_unknown_there", True)
    assert objects(partner) == {"close/sales.pdf": len(CONTENT)}
    assert ledger.placed == {file.id: "close/sales.pdf"}


def test_a_name_of_before_is_not_taken_for_ours_after_a_try_that_surely_placed_nothing(
    aws: Server, partner: Any, file: ShippedFile
) -> None:
    partner.put_object(Bucket=BUCKET, Key="close/sales.pdf", Body=b"of yesterday")
    aws.control.fail_next("PutObject", "SlowDown", status=503)
    ledger = Ledger()

    refusal(ledger.shipment(file))
    S3Copy(CONFIG).send(ledger.shipment(file))

    assert objects(partner) == {"close/sales.pdf": 12, "close/sales-2.pdf": len(CONTENT)}
    assert ledger.placed == {file.id: "close/sales-2.pdf"}


def test_the_name_that_may_be_ours_is_asked_for_first_and_stays_written_down(partner: Any, file: ShippedFile) -> None:
    partner.put_object(Bucket=BUCKET, Key="close/sales.pdf", Body=b"theirs")
    partner.put_object(Bucket=BUCKET, Key="close/sales-2.pdf", Body=CONTENT)
    ledger = Ledger(placing={file.id: "close/sales-2.pdf"})
    noted = list[str]()
    shipment = replace(ledger.shipment(file), is_about_to_place=lambda _file, key: noted.append(key))

    S3Copy(CONFIG).send(shipment)

    assert set(noted) <= {"close/sales-2.pdf"}
    assert ledger.placed == {file.id: "close/sales-2.pdf"}


def test_what_was_placed_before_a_failure_is_not_sent_again(aws: Server, partner: Any, tmp_path: Path) -> None:
    first, second = shipped(tmp_path, "sales.pdf"), shipped(tmp_path, "sales.xlsx")
    ledger = Ledger()
    S3Copy(CONFIG).send(ledger.shipment(first))
    aws.control.fail_next("PutObject", "SlowDown", status=503)

    error = refusal(ledger.shipment(first, second))
    S3Copy(CONFIG).send(ledger.shipment(first, second))

    assert error.code == "asked_to_wait_there"
    assert objects(partner) == {"close/sales.pdf": len(CONTENT), "close/sales.xlsx": len(CONTENT)}


@pytest.mark.parametrize(
    ("switches", "code"),
    [
        ({"untrusting_roles": [ROLE]}, "role_refused"),
        ({"external_ids": {ROLE: "another"}}, "role_refused"),
        ({"denied": ["s3:PutObject"]}, "bucket_refused"),
        ({"bucket_owners": {BUCKET: "999999999999"}}, "bucket_refused"),
    ],
)
def test_who_refuses_us_gets_nothing_and_is_told_apart(aws: Server, partner: Any, file: ShippedFile, switches: Any, code: str) -> None:
    aws.control.set(**switches)
    ledger = Ledger()

    error = refusal(ledger.shipment(file))

    assert (type(error), error.code) == (TryLater, code)
    assert (objects(partner), ledger.placed) == ({}, {})


def test_a_bucket_that_is_not_there_is_told_by_its_name(file: ShippedFile) -> None:
    missing = S3Config("no-such-bucket", REGION, ROLE, EXTERNAL_ID)

    assert refusal(Ledger().shipment(file), missing).code == "no_such_bucket"


def test_a_damaged_copy_is_not_taken(partner: Any, file: ShippedFile) -> None:
    file.content.write_bytes(b"%PDF-1.7 " + b"y" * 300_000)

    refusal(Ledger().shipment(file))

    assert objects(partner) == {}


def test_a_test_says_each_step(partner: Any, aws: Server) -> None:
    aws.control.set(denied=["s3:ListBucket"])

    steps = S3Copy(CONFIG).test()

    assert [(step.step, step.state) for step in steps] == [
        (name, Step.OK) for name in ("role", "external_id", "write", "owner", "elsewhere")
    ]
    assert steps[2].text == "wrote close/.fanfold-test, 12 bytes"
    assert steps[4].text == "listing the bucket is refused"


def test_a_bucket_that_can_be_listed_is_no_failure_and_said() -> None:
    steps = S3Copy(CONFIG).test()

    assert (steps[4].state, steps[4].text) == (Step.OK, "the bucket could be listed, too: the role needs s3:PutObject alone")


def test_a_role_that_lets_in_whoever_names_it_fails_the_test(aws: Server, partner: Any) -> None:
    aws.control.set(external_ids={})

    assert states() == {"role": "ok", "external_id": "failed", "write": "skipped", "owner": "skipped", "elsewhere": "skipped"}
    assert objects(partner) == {}


def test_nothing_is_sent_by_a_role_that_lets_in_whoever_names_it(aws: Server, partner: Any, file: ShippedFile) -> None:
    aws.control.set(external_ids={})

    error = refusal(Ledger().shipment(file))

    assert (type(error), error.code) == (Stops, "role_open")
    assert objects(partner) == {}


def test_a_test_stops_where_it_fails(aws: Server) -> None:
    aws.control.set(denied=["s3:PutObject"])

    assert states() == {"role": "ok", "external_id": "ok", "write": "failed", "owner": "skipped", "elsewhere": "skipped"}


def test_without_an_owner_there_is_no_step_for_it() -> None:
    assert "owner" not in states(S3Config(BUCKET, REGION, ROLE, EXTERNAL_ID, "close/{year}"))
