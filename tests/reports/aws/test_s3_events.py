"""The two forms in which S3 tells of an object, and what only looks like one."""

from __future__ import annotations

import json

import pytest

from reports.aws.s3_events import NotAnEvent, ObjectCreated, read
from tests.object_events import bridged, direct
from tests.pretend_aws import ACCOUNT, BUCKET

KEY = "t/r90/one/two/opaque näme + more%20.pdf"
SECRET = "wJalrXUtnFEMI"
NOT_EVENTS = {
    "no JSON": SECRET,
    "a list": [SECRET],
    "a word": f'"{SECRET}"',
    "nothing": "null",
    "no members": {},
    "deep": "[" * 60_000,
    "long": {"Records": [SECRET * 6_000]},
    "records of another kind": {"Records": {"0": SECRET}},
    "records without members": {"Records": [{}, SECRET]},
    "a bucket that is a list": bridged("t/a", bucket=[SECRET]),
    "a bucket with NUL": bridged("t/a", bucket=f"{SECRET.lower()}\0"),
    "a key that is a number": bridged(17),
    "an account that is none": bridged("t/a", account=SECRET),
    "detail that is text": bridged("t/a", detail=SECRET),
    "deleted": bridged("t/a", **{"detail-type": "Object Deleted"}),
    "somebody else's event": bridged("t/a", source=SECRET),
    "deleted, directly": direct("t/a", eventName="ObjectRemoved:Delete"),
    "another major version": direct("t/a", eventVersion="3.0"),
    "half a character": '{"source": "aws.s3", "detail-type": "\\ud800"}',
}


def text(body) -> str:
    return body if isinstance(body, str) else json.dumps(body)


def test_eventbridge_gives_the_key_as_it_is():
    assert read(text(bridged(KEY))) == [ObjectCreated(BUCKET, KEY, ACCOUNT)]


def test_a_record_has_the_key_as_in_a_form():
    body = direct(KEY)

    assert "opaque+n%C3%A4me+%2B+more%2520.pdf" in text(body)
    assert read(text(body)) == [ObjectCreated(BUCKET, KEY)]


def test_a_message_may_have_several_records():
    body = {"Records": [*direct("t/1")["Records"], *direct("t/2", eventVersion="2.9")["Records"]]}

    assert [created.key for created in read(text(body))] == ["t/1", "t/2"]


def test_the_message_by_which_s3_tries_a_queue_out_tells_of_nothing():
    assert read('{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "reports"}') == []


@pytest.mark.parametrize("body", NOT_EVENTS.values(), ids=NOT_EVENTS)
def test_anything_else_is_refused_in_words_of_our_own(body):
    with pytest.raises(NotAnEvent) as refused:
        read(text(body))

    assert str(refused.value) in ("not an event of S3", "another kind of event", "too long")
