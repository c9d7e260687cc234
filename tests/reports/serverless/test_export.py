"""What AWS's tools write of a table is read, and nothing else."""

from __future__ import annotations

import gzip
import json

import pytest

from reports.refused import Refused
from reports.serverless import export
from reports.serverless.export import Record

TYPED = {
    "jobId": {"S": "PDF_1765307746_68"},
    "timestamp": {"N": "1765307746.681"},
    "parameters": {"M": {"StringParameters": {"L": [{"M": {"Name": {"S": "Region"}, "Values": {"SS": ["North"]}}}]}}},
    "visualId": {"NULL": True},
    "deleted": {"BOOL": False},
    "sizes": {"NS": ["1", "2.5"]},
}
PLAIN = {
    "jobId": "PDF_1765307746_68",
    "timestamp": 1765307746.681,
    "parameters": {"StringParameters": [{"Name": "Region", "Values": ["North"]}]},
    "visualId": None,
    "deleted": False,
    "sizes": [1, 2.5],
}


def read(text: str | bytes) -> list[Record]:
    return list(export.read(text if isinstance(text, bytes) else text.encode()))


def test_a_scan_is_read_with_every_type_that_such_a_table_may_hold():
    text = json.dumps({"Items": [TYPED, {"jobId": {"S": "other"}}], "Count": 2, "ScannedCount": 2}, indent=4)

    assert read(text) == [Record(1, PLAIN), Record(2, {"jobId": "other"})]


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_the_lines_of_an_export_to_s3_are_read_by_their_numbers(pack):
    lines = "\n".join([json.dumps({"Item": TYPED}), "", json.dumps({"Item": {"jobId": {"S": "other"}}}), ""])

    assert read(pack(lines.encode())) == [Record(1, PLAIN), Record(3, {"jobId": "other"})]


def test_an_export_of_one_line_is_one():
    assert read(json.dumps({"Item": TYPED})) == [Record(1, PLAIN)]


def test_a_table_without_items_has_none():
    assert read('{"Items": []}') == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a,b\n", "line 1 is no JSON"),
        ("[]", "line 1 has no Item"),
        ('{"Item": {"a": {"S": "b"}}}\n{"jobId": "PDF"}\n', "line 2 has no Item"),
        ('{"Items": [{"jobId": "PDF"}]}', "Item 1 is no DynamoDB JSON"),
        ('{"Items": [{"jobId": {"B": "aGk="}}]}', "Item 1 is no DynamoDB JSON"),
        ('{"Items": [{"at": {"N": "x"}}]}', "Item 1 is no DynamoDB JSON"),
        ('{"Items": [7]}', "Item 1 is no item"),
        (b"\x1f\x8bnot gzip", "neither JSON"),
        (gzip.compress(b"x" * 100, mtime=0)[:-4], "neither JSON"),
        (b"\xff\xfe\x00", "neither JSON"),
    ],
)
def test_anything_else_gets_a_sentence(text, why):
    with pytest.raises(Refused) as caught:
        read(text)

    assert why in caught.value.detail


def test_what_unpacks_to_more_than_is_read_is_refused(monkeypatch):
    monkeypatch.setattr(export, "MAX_BYTES", 1000)

    with pytest.raises(Refused, match="it has more than"):
        read(gzip.compress(b" " * 1001))


def test_a_separator_of_lines_inside_a_text_ends_no_line():
    data = '{"Item": {"job_id": {"S": "a\u2028b\x85c"}}}\n{"Item": {"job_id": {"S": "2"}}}\r\n'.encode()

    assert [(record.number, record.values["job_id"]) for record in read(data)] == [(1, "a\u2028b\x85c"), (2, "2")]
