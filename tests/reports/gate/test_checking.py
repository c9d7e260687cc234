"""From a job's end to the verdict on its files: real files in S3, looked into by real processes."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from reports.gate import retries, verdicts
from reports.gate.judging import Judgement
from reports.models import SnapshotFile
from tenants.models import Tenant
from tenants.scope import platform_scope, tenant_scope
from tests.reports.gate import files, steps

pytestmark = pytest.mark.django_db
OURS = files.pdf("Acme Hotels\nCalls by hour", "Calls by desk")


def test_without_a_gate_files_go_out_at_once(aws, acme, at_once):
    job = steps.make_run(at_once, people=["anna@c.example"])

    steps.finish(aws, job, OURS)

    assert [delivery.next_try_at is not None for delivery in steps.deliveries_of(job)] == [True]
    assert steps.told(acme) == ["job.completed"]
    assert steps.review_all() == 0


def test_nothing_goes_out_and_nobody_is_told_while_files_are_checked(aws, acme, schedule):
    job = steps.make_run(schedule, people=["anna@c.example"])

    steps.finish(aws, job, OURS)

    assert steps.review_of(job).status == "checking"
    assert [delivery.next_try_at for delivery in steps.deliveries_of(job)] == [None]
    assert steps.told(acme) == []
    assert steps.run_of(job).status == "running"


def test_files_without_anything_unusual_are_released_by_the_checks(aws, acme, schedule):
    job = steps.make_run(schedule, people=["anna@c.example"])
    steps.finish(aws, job, OURS)

    steps.review_all()

    review = steps.review_of(job)
    assert (review.status, review.findings, review.decided_by) == ("released", [], "")
    assert [delivery.next_try_at is not None for delivery in steps.deliveries_of(job)] == [True]
    assert steps.told(acme) == ["job.completed"]
    with tenant_scope(acme):
        assert not SnapshotFile.objects.get(job=job).held


def test_a_file_with_the_text_of_another_company_is_held_with_the_reason(aws, acme, schedule):
    job = steps.make_run(schedule, people=["anna@c.example"])
    steps.finish(aws, job, files.pdf("Globex Resorts\nCalls by hour"))

    steps.review_all()

    review = steps.review_of(job)
    assert review.status == "held"
    assert [(found["code"], found["text"]) for found in review.findings] == [("not_shown", "Acme Hotels")]
    assert [delivery.next_try_at for delivery in steps.deliveries_of(job)] == [None]
    assert steps.run_of(job).status == "held"
    assert steps.told(acme) == ["job.held"]
    assert steps.mails(acme) == [("olga@acme.example", "held")]


@pytest.mark.parametrize(
    ("broken", "code"), [(files.cut_off(OURS), "cut_off"), (files.patched(OURS), "does_not_open"), (b"%PDF-1.7", "cut_off")]
)
def test_a_truncated_file_is_held_with_the_reason(aws, acme, schedule, broken, code):
    job = steps.make_run(schedule, people=["anna@c.example"])
    steps.finish(aws, job, broken)

    steps.review_all()

    assert steps.review_of(job).status == "held"
    assert steps.found_in(job) == [code]


def test_a_file_that_is_not_the_one_that_was_saved_is_held(aws, schedule):
    job = steps.make_run(schedule)
    steps.finish(aws, job, OURS)
    with tenant_scope(job.tenant_id):
        file = SnapshotFile.objects.get(job=job)
    aws.client("s3").put_object(Bucket=file.bucket, Key=file.key, Body=files.pdf("Acme Hotels", "more"))

    steps.review_all()

    assert steps.found_in(job) == ["changed"]


def test_a_file_much_smaller_than_the_last_ones_is_held_with_their_sizes(aws, schedule):
    steps.past(schedule, 900_000, 1_000_000, 800_000)
    job = steps.make_run(schedule)
    steps.finish(aws, job, OURS)

    steps.review_all()

    (found,) = steps.review_of(job).findings
    assert (found["code"], found["what"], found["low"], found["high"], found["number"]) == ("smaller", "size", 800_000, 1_000_000, 3)


def test_with_fewer_than_three_earlier_runs_nothing_is_unusual(aws, schedule):
    steps.past(schedule, 900_000, 1_000_000)
    job = steps.make_run(schedule)
    steps.finish(aws, job, OURS)

    steps.review_all()

    assert steps.review_of(job).status == "released"


def test_files_of_other_rows_say_nothing_of_these(aws, schedule):
    steps.past(schedule, 900_000, 1_000_000, 800_000, tags={"desk": "north"})
    job = steps.make_run(schedule)
    steps.finish(aws, job, OURS)

    steps.review_all()

    assert steps.review_of(job).status == "released"


def test_fewer_pages_than_usual_are_a_finding(aws, schedule):
    steps.past(schedule, *[len(OURS)] * 3, pages=12)
    job = steps.make_run(schedule)
    steps.finish(aws, job, OURS)

    steps.review_all()

    assert [(found["code"], found["what"], found["is"]) for found in steps.review_of(job).findings] == [("smaller", "pages", 2)]


def test_a_file_within_its_percents_is_usual(aws, schedule):
    steps.past(schedule, *[round(len(OURS) * 1.4)] * 3)
    job = steps.make_run(schedule)
    steps.finish(aws, job, OURS)

    steps.review_all()

    assert steps.review_of(job).status == "released"


def test_a_text_is_found_whatever_its_case_and_however_its_words_are_parted(aws, schedule):
    job = steps.make_run(schedule)
    steps.finish(aws, job, files.pdf("ACME\nHOTELS"))

    steps.review_all()

    assert steps.review_of(job).status == "released"


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (files.csv("company,calls", "Acme Hotels,12"), []),
        (files.csv("company,calls", "Globex,12"), ["not_shown"]),
        (files.csv("company,calls"), ["no_rows", "not_shown"]),
        (files.csv(",", "Acme Hotels,12"), ["no_header"]),
        (files.csv("company,calls", "Acme Hotels,12", "Acme"), ["uneven"]),
        ("Gäste;Acme Hotels\r\n".encode("latin-1"), ["does_not_open"]),
    ],
)
def test_what_is_wrong_with_a_csv(aws, schedule, body, codes):
    job = steps.make_run(schedule)
    steps.finish(aws, job, body, format="CSV")

    steps.review_all()

    assert steps.found_in(job) == codes


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (files.excel(["company", "calls"], ["Acme Hotels", 12]), []),
        (files.excel(["company", "calls"], ["Globex", 12]), ["not_shown"]),
        (files.excel(["company", "calls"]), ["no_rows", "not_shown"]),
        (files.cut_off(files.excel(["company", "calls"], ["Acme Hotels", 12])), ["does_not_open"]),
        (files.bomb(), ["unpacks_too_far"]),
    ],
    ids=["fine", "other company", "empty", "cut off", "bomb"],
)
def test_what_is_wrong_with_an_excel_file(aws, schedule, body, codes):
    job = steps.make_run(schedule)
    steps.finish(aws, job, body, format="EXCEL")

    steps.review_all()

    assert steps.found_in(job) == codes


def test_an_empty_report_that_is_not_sent_anyway_is_not_unusual(aws, acme, schedule):
    with tenant_scope(acme):
        schedule.skip_if_empty, schedule.must_contain = True, ""
        schedule.save()
    job = steps.make_run(schedule, people=["anna@c.example"])
    steps.finish(aws, job, files.csv("company,calls"), format="CSV", data_rows=0)

    steps.review_all()

    assert steps.review_of(job).status == "released"
    assert [(delivery.status, delivery.failure_code) for delivery in steps.deliveries_of(job)] == [("suppressed", "empty")]


def test_what_is_held_by_hand_is_held_without_a_finding(aws, acme, by_hand):
    job = steps.make_run(by_hand)
    steps.finish(aws, job, OURS)

    steps.review_all()

    review = steps.review_of(job)
    assert (review.status, review.findings) == ("held", [])


def test_a_silent_file_store_is_asked_again_and_then_the_job_is_held(aws, acme, schedule):
    job = steps.make_run(schedule)
    steps.finish(aws, job, OURS)
    aws.control.set(denied=["s3:GetObject"])

    for _ in range(retries.MOST_TRIES):
        assert steps.review_of(job).status == "checking"
        steps.review_all()
        steps.let_pass(acme, minutes=31)

    assert steps.found_in(job) == ["unread"]
    assert steps.review_of(job).status == "held"


def test_a_file_store_that_answers_again_gives_a_verdict(aws, acme, schedule):
    job = steps.make_run(schedule)
    steps.finish(aws, job, OURS)
    aws.control.set(denied=["s3:GetObject"])
    steps.review_all()
    aws.control.set(denied=[])

    steps.let_pass(acme, minutes=1)
    steps.review_all()

    assert steps.review_of(job).status == "released"


def test_one_that_is_taken_twice_gets_one_verdict(aws, acme, schedule):
    """A worker dies in the middle: when its lease has ended another one begins anew, and the first one, if it lives on, changes nothing."""
    job = steps.make_run(schedule)
    steps.finish(aws, job, OURS)
    (first,) = steps.take()
    steps.let_pass(acme, hours=1)

    steps.review_all()
    late = verdicts.write(first, Judgement(findings=[{"code": "check_failed", "file": ""}]), timezone.now())

    assert late is None
    assert steps.review_of(job).status == "released"
    assert steps.told(acme) == ["job.completed"]


def test_a_check_that_kills_its_worker_each_time_ends_with_the_job_held(aws, acme, schedule):
    job = steps.make_run(schedule)
    steps.finish(aws, job, OURS)
    for _ in range(retries.MOST_TRIES):
        steps.take()
        steps.let_pass(acme, hours=1)

    steps.review_all()

    assert steps.review_of(job).status == "held"
    assert steps.found_in(job) == ["check_failed"]


def test_nothing_of_a_suspended_company_is_checked(aws, acme, schedule):
    job = steps.make_run(schedule)
    steps.finish(aws, job, OURS)
    with platform_scope():
        Tenant.objects.filter(pk=acme.pk).update(suspended_at=timezone.now())

    assert steps.review_all() == 0


def test_a_file_that_fills_the_memory_costs_only_its_own_check(aws, acme, schedule):
    """A line without an end is one cell, which the reader of CSVs has to hold whole."""
    poison = b'"' + b"x" * 4_000_000 + b"\0" * 10
    first, second = steps.make_run(schedule, planned_at=timezone.now() - timedelta(hours=1)), steps.make_run(schedule)
    steps.finish(aws, first, poison, format="CSV")
    steps.finish(aws, second, OURS)

    steps.review_all()

    assert steps.review_of(first).status == "held"
    assert steps.review_of(second).status == "released"


@pytest.mark.parametrize("limit", [("MOST_SECONDS", 1), ("MOST_MEMORY", 20 * 1024**2)])
def test_a_check_that_takes_too_much_is_ended(tmp_path, limit):
    """The process is real, and so is its limit."""
    name, most = limit
    source = f"from reports.gate.checks import __main__ as m; m.{name} = {most}; m.main('PDF', {str(tmp_path / 'x')!r})"
    (tmp_path / "x").write_bytes(files.pdf(*["Acme Hotels\n" * 1000] * 50))

    ended = subprocess.run([sys.executable, "-c", source], input=b"nowhere in it", capture_output=True, cwd=settings.BASE_DIR)

    assert ended.returncode != 0
    assert ended.stdout == b""
