"""What QuickSight says it made is believed only when every file was opened: `completed` means that every download works."""

from __future__ import annotations

import hashlib
import itertools
import os
import threading
import time
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils import timezone

from reports import files
from reports.aws import clients
from reports.engine import leasing, moves
from reports.engine.collect import collect
from reports.engine.look import look
from tenants.scope import engine_scope
from tests.reports.engine import steps
from tests.reports.engine.readings import both_readings
from tests.reports.engine.threads import together

INVALID = "QuickSight delivered a file that cannot be opened, so it was not kept."
MISSING = "QuickSight said that the report was ready, but a file was not there."
# What may lie where a file should: error pages and answers, another program's file, nothing to speak of.
OTHER_THINGS = {
    "an error page": b"\n <!DOCTYPE html><html><body>503</body></html>",
    "an error of S3": b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>',
    "an error without a prolog": b"<Error><Code>AccessDenied</Code></Error>",
    "a page after a byte order mark": b"\xef\xbb\xbf<html></html>",
    "a picture": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
}
CUT = [
    b"Date,Region,Calls\n2026-03-02,North,17\n2026-03-02,So",
    b"Date,Region,Calls\r\n2026-03-02,North,17\r\n2026",
    b'Date,Region,Calls\n2026-03-02,"North, or so",17\n2026-03-02',
    b"Date,Region,Calls\n" + b"2026-03-02,North,17\n" * 200 + b"2026-03-02,",
]
WHOLE = [
    b"Date,Region,Calls\n2026-03-02,North,17",
    b"Calls\n17",
    b"Calls",
    b"Calls,\n",
    b"\xef\xbb\xbfDate,Calls\n2026-03-02,17\n",
    b'Date,Note\n2026-03-02,"two\nlines"',
    b"Title of the visual\nDate,Calls\n2026-03-02,17",
    b"Date,Calls\n2026-03-02,17\nTotal\n",
    b"Region;Score\nNorth;4,5\nSouth;4",
]


def downloads(job) -> dict[str, bool]:
    """Key of each file, and whether its download gives the bytes that were checked."""
    answers = {file: urllib.request.urlopen(files.presigned_url(file)).read() for file in steps.files_of(job)}
    return {file.key: hashlib.sha256(body).digest() == bytes(file.sha256) for file, body in answers.items()}


def collected_once(account, job):
    """The job after the first look at what it made."""
    steps.run_until(account, job, status="collecting")
    steps.turn(account)
    return steps.now_of(job)


@pytest.mark.django_db
class TestAFile:
    @pytest.mark.parametrize(
        ("formats", "damage"),
        [
            *itertools.product([["PDF"], ["EXCEL"], ["CSV"], ["PDF", "EXCEL"]], ["empty_object", "wrong_type"]),
            *itertools.product([["PDF"], ["EXCEL"], ["CSV"], ["PDF", "CSV"]], ["truncated"]),
        ],
    )
    def test_that_cannot_be_opened_costs_an_attempt_and_is_not_kept(self, damage, formats, aws, account, acme, daily_calls):
        aws.control.damage_results(damage)
        job = steps.submit(acme, formats=formats)

        after = collected_once(account, job)

        assert (after.status, after.waiting) == ("queued", "retry")
        (attempt,) = steps.attempts_of(job)
        assert attempt.failure_code == "result_invalid"
        assert steps.files_of(job) == []

    def test_that_is_bad_three_times_fails_the_job(self, aws, account, acme, daily_calls):
        aws.control.damage_results("empty_object", times=3)
        job = steps.submit(acme)

        steps.run_until_ended(account, job)

        failed = steps.now_of(job)
        assert (failed.status, failed.failure_code, failed.failure_text) == ("failed", "result_invalid", INVALID)
        assert len(steps.attempts_of(job)) == 3

    @both_readings
    def test_that_is_not_there_yet_is_waited_for(self, aws, account, acme, daily_calls):
        aws.control.damage_results("missing_object")
        job = steps.submit(acme)

        waiting = collected_once(account, job)
        put_what_is_missing(aws, job)
        steps.let_pass(job, seconds=15)
        steps.turn(account)

        assert (waiting.status, waiting.attempt_count) == ("collecting", 1)
        assert steps.status_of(job) == "completed"
        assert list(downloads(job).values()) == [True]

    def test_that_does_not_come_within_five_minutes_costs_an_attempt(self, aws, account, acme, daily_calls):
        aws.control.damage_results("missing_object")
        job = steps.submit(acme)
        collected_once(account, job)

        steps.let_pass(job, minutes=4)
        steps.turn(account)
        still = steps.status_of(job)
        steps.let_pass(job, minutes=1)
        steps.turn(account)
        after = steps.now_of(job)
        steps.run_until_ended(account, job)

        assert still == "collecting"
        assert (after.status, after.waiting) == ("queued", "retry")
        assert [attempt.failure_code for attempt in steps.attempts_of(job)] == ["result_missing", ""]
        assert steps.status_of(job) == "completed"

    def test_that_never_comes_costs_one_more_attempt_and_then_fails_the_job(self, aws, account, acme, daily_calls):
        aws.control.damage_results("missing_object", times=3)
        job = steps.submit(acme)

        steps.run_until_ended(account, job, seconds=150)

        failed = steps.now_of(job)
        assert (failed.failure_code, failed.failure_text) == ("result_missing", MISSING)
        assert len(steps.attempts_of(job)) == 2

    @pytest.mark.parametrize(("format", "name"), list(itertools.product(["PDF", "CSV", "EXCEL"], sorted(OTHER_THINGS))))
    def test_that_is_something_else_under_its_name_is_not_kept(self, format, name, aws, account, acme, daily_calls):
        aws.control.damage_results("missing_object")
        job = steps.submit(acme, formats=[format])
        collected_once(account, job)

        put_what_is_missing(aws, job, OTHER_THINGS[name])
        steps.let_pass(job, seconds=15)
        steps.turn(account)

        after = steps.now_of(job)
        assert (after.status, after.waiting) == ("queued", "retry")
        assert steps.attempts_of(job)[0].failure_code == "result_invalid"
        assert steps.files_of(job) == []

    @pytest.mark.parametrize("text", CUT)
    def test_that_is_a_csv_whose_last_line_breaks_off_is_not_kept(self, text, aws, account, acme, daily_calls):
        assert csv_is_kept(text, aws, account, acme) is False

    @pytest.mark.parametrize("text", WHOLE)
    def test_that_is_an_odd_but_whole_csv_is_kept(self, text, aws, account, acme, daily_calls):
        assert csv_is_kept(text, aws, account, acme) is True

    @both_readings
    @pytest.mark.parametrize("place", ["https_uri", "foreign_bucket", "foreign_prefix"])
    def test_in_a_foreign_place_is_neither_opened_nor_named(self, place, aws, account, acme, daily_calls):
        aws.control.damage_results(place)
        job = steps.submit(acme)

        after = collected_once(account, job)

        assert (after.status, after.failure_code, after.failure_text) == ("failed", "result_invalid", INVALID)
        (attempt,) = steps.attempts_of(job)
        assert attempt.error_message == "The file was not put where it was asked for."

    @both_readings
    def test_whose_address_is_missing_costs_an_attempt(self, aws, account, acme, daily_calls):
        aws.control.damage_results("no_uri")
        job = steps.submit(acme)

        after = collected_once(account, job)

        assert (after.status, after.waiting) == ("queued", "retry")

    @both_readings
    @pytest.mark.parametrize("formats", [["PDF"], ["PDF", "CSV", "EXCEL"]])
    def test_is_found_under_its_percent_encoded_key(self, formats, aws, account, acme, daily_calls):
        aws.control.damage_results("encoded_key")
        job = steps.submit(acme, formats=formats)

        steps.run_until_ended(account, job)

        found = downloads(job)
        assert list(found.values()) == [True] * len(formats)
        assert not any("%" in key for key in found)


@both_readings
@pytest.mark.django_db
class TestSeveralFiles:
    def test_are_all_read(self, aws, account, acme, daily_calls):
        job = steps.submit(acme, formats=["PDF", "CSV", "EXCEL"], visual_ids=["table-1", "pivot-1"])

        steps.run_until_ended(account, job)

        assert list(downloads(job).values()) == [True] * 4
        assert {file.visual_id for file in steps.files_of(job) if file.format == "CSV"} == {"table-1", "pivot-1"}
        assert len(steps.events_of(job, "saved")) == 4

    @pytest.mark.parametrize("formats", [["EXCEL"], ["PDF", "CSV", "EXCEL"]])
    def test_are_known_by_what_they_show_and_not_by_their_order(self, formats, aws, account, acme, daily_calls):
        aws.control.damage_results("other_order")
        job = steps.submit(acme, formats=formats, visual_ids=["table-1", "pivot-1"])

        steps.run_until_ended(account, job)

        assert steps.status_of(job) == "completed"
        assert len(steps.attempts_of(job)) == 1
        assert set(downloads(job).values()) == {True}
        assert [file.format for file in steps.files_of(job)] == (["CSV", "CSV", "EXCEL", "PDF"] if "CSV" in formats else ["EXCEL"])

    @pytest.mark.parametrize("formats", [["PDF"], ["CSV", "EXCEL"]])
    def test_are_all_given_up_when_one_is_named_twice(self, formats, aws, account, acme, daily_calls):
        aws.control.damage_results("named_twice")
        job = steps.submit(acme, formats=formats)

        after = collected_once(account, job)

        assert (after.status, after.failure_code, after.failure_text) == ("failed", "result_invalid", INVALID)
        (attempt,) = steps.attempts_of(job)
        assert attempt.error_message == "QuickSight's answer names two files for one output."
        assert steps.files_of(job) == []

    def test_are_all_given_up_when_one_group_has_an_error(self, aws, account, acme, daily_calls):
        aws.control.damage_results("one_group_failed")
        job = steps.submit(acme, formats=["PDF", "CSV"])

        after = collected_once(account, job)

        assert (after.status, after.failure_code) == ("failed", "report_failed")
        (attempt,) = steps.attempts_of(job)
        assert (attempt.error_type, attempt.error_message) == ("CAPABILITY_RESTRICTED", "Export is restricted.")
        assert steps.files_of(job) == []


@both_readings
@pytest.mark.django_db(transaction=True)
class TestTwoThatCollect:
    def test_one_after_the_other_save_one_set_of_files(self, aws, account, acme, daily_calls):
        job = steps.submit(acme)
        steps.run_until(account, job, status="collecting")

        for _ in range(2):
            collect(acme.pk, job.pk, steps.quicksight(account), timezone.now)

        assert len(steps.files_of(job)) == len(steps.events_of(job, "completed")) == 1

    def test_at_once_save_one_set_of_files(self, aws, account, acme, daily_calls):
        job = steps.submit(acme, formats=["PDF", "CSV"])
        steps.run_until(account, job, status="collecting")
        aws.control.hang(steps.RESULT, 0.3, times=3)

        faults = together(*[lambda: collect(acme.pk, job.pk, steps.quicksight(account), timezone.now)] * 3)

        assert faults == []
        assert steps.status_of(job) == "completed"
        assert len(steps.files_of(job)) == len(steps.events_of(job, "saved")) == 2
        assert len(steps.events_of(job, "completed")) == 1


@pytest.mark.django_db(transaction=True)
def test_a_late_answer_about_the_first_attempt_does_not_move_the_second(aws, account, acme, daily_calls):
    aws.control.set(job_seconds=0.05)
    job = steps.submit(acme)
    steps.run_until(account, job, status="running")
    (first,) = steps.attempts_of(job)
    aws.control.finish(str(first.pk))
    aws.control.hang(steps.DESCRIBE, 1.5)
    aws.control.stuck_jobs()

    def start_the_second() -> None:
        while not aws.control.stats()["calls"].get(steps.DESCRIBE):
            time.sleep(0.05)
        moves.move(acme.pk, job.pk, "running", lambda job: moves.try_again(job, first, timezone.now(), "result_missing"))
        steps.let_pass(job, minutes=5)
        steps.turn(account)

    steps.make_due(job)
    with engine_scope():
        (lease,) = leasing.take_due(account.pk, 1)

    faults = together(lambda: look(lease, steps.quicksight(account), timezone.now), start_the_second)

    assert faults == []
    assert steps.status_of(job) == "running"
    assert [attempt.service_status for attempt in steps.attempts_of(job)] == ["QUEUED", "QUEUED"]
    assert steps.held_slots(account) == 1


@pytest.mark.django_db(transaction=True)
def test_a_silent_file_store_is_no_verdict_and_not_quicksights_silence(aws, account, acme, daily_calls, monkeypatch, new_clients):
    job = steps.submit(acme)
    steps.run_until(account, job, status="collecting")
    monkeypatch.setitem(os.environ, "AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    clients.forget()

    with steps.pumping(account) as one_turn:
        turns = one_turn()
        steps.let_pass(job, minutes=1)
        one_turn()
    waiting = steps.now_of(job)
    monkeypatch.setitem(os.environ, "AWS_ENDPOINT_URL_S3", aws.url)
    clients.forget()
    steps.run_until_ended(account, job)

    assert (waiting.status, waiting.no_verdicts, waiting.attempt_count) == ("collecting", 2, 1)
    assert not turns.pause.silence.silent
    assert len(steps.events_of(job, "file_store_silent")) == 1
    assert list(downloads(job).values()) == [True]


@pytest.mark.django_db(transaction=True)
def test_a_file_store_that_refuses_our_keys_pauses_no_account(aws, account, acme, daily_calls, monkeypatch, new_clients, caplog):
    job = steps.submit(acme)
    steps.run_until(account, job, status="collecting")
    with refusing_store() as url:
        monkeypatch.setitem(os.environ, "AWS_ENDPOINT_URL_S3", url)
        clients.forget()
        with steps.pumping(account) as one_turn:
            turns = one_turn()
            other = steps.submit(acme)
            one_turn()
    waiting = steps.now_of(job)
    monkeypatch.setitem(os.environ, "AWS_ENDPOINT_URL_S3", aws.url)
    clients.forget()
    steps.run_until_ended(account, job, other)

    assert (waiting.status, waiting.no_verdicts, waiting.attempt_count) == ("collecting", 1, 1)
    assert not turns.pause.silence.paused
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
    assert [event.data["code"] for event in steps.events_of(job, "file_store_silent")] == ["InvalidToken"]
    assert [steps.status_of(each) for each in (job, other)] == ["completed"] * 2


@contextmanager
def refusing_store():
    """The address of an S3 that lets nobody in."""

    class Refuses(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"<Error><Code>InvalidToken</Code><Message>The provided token is malformed.</Message></Error>"
            self.send_response(403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refuses)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def csv_is_kept(text: bytes, aws, account, acme) -> bool:
    aws.control.damage_results("missing_object")
    job = steps.submit(acme)
    collected_once(account, job)
    put_what_is_missing(aws, job, text)
    steps.let_pass(job, seconds=15)
    steps.turn(account)
    return [hashlib.sha256(text).digest()] == [bytes(file.sha256) for file in steps.files_of(job)]


def put_what_is_missing(aws, job, body: bytes = b"Date,Calls\n2026-03-02,17\n") -> None:
    (attempt,) = steps.attempts_of(job)
    told = aws.client("quicksight").describe_dashboard_snapshot_job_result(
        AwsAccountId="111122223333", DashboardId="daily-calls", SnapshotJobId=str(attempt.pk)
    )
    uri = told["Result"]["AnonymousUsers"][0]["FileGroups"][0]["S3Results"][0]["S3Uri"]
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    aws.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
