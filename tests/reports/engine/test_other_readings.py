"""What people see where AWS may be otherwise than we think: another reason, a later failure; never foreign rows or a dead link."""

from __future__ import annotations

import hashlib
import urllib.request

import pytest
from django.utils import timezone

from portal.local.aws.switches import OTHER_READINGS
from reports import files
from reports.engine import slots
from reports.models import ReportParameter, SnapshotJob
from tenants.scope import engine_scope, platform_scope, tenant_scope
from tests.factories import give_tags, make_account, make_grant, make_report
from tests.pretend_aws import BUCKET
from tests.reports.engine import steps
from tests.reports.engine.readings import OTHER, both_readings

pytestmark = pytest.mark.django_db


@pytest.fixture
def reading(request) -> str:
    """Which of them this run is of, for the tests whose outcome differs."""
    return request.node.callspec.params["aws"]


def assert_downloads_work(job) -> None:
    assert steps.now_of(job).status == "completed", steps.now_of(job).failure_text
    for file in steps.files_of(job):
        with urllib.request.urlopen(files.presigned_url(file)) as answer:
            assert hashlib.sha256(answer.read()).digest() == bytes(file.sha256)


def assert_failed_without_a_trace(aws, account, job, code: str) -> None:
    """In words, with no file in the portal or in the bucket, and its slot free."""
    failed = steps.now_of(job)
    assert (failed.status, failed.failure_code) == ("failed", code)
    assert failed.failure_text
    assert steps.files_of(job) == []
    assert "Contents" not in aws.client("s3").list_objects_v2(Bucket=BUCKET)
    assert steps.held_slots(account) == 0


def test_a_percent_encoded_key_is_found(aws, account, acme, daily_calls):
    # Alone: plain names, which are turned round with it, leave nothing to encode.
    aws.control.set(encode_uris=True)
    job = steps.submit(acme, formats=["CSV", "EXCEL"])

    steps.run_until_ended(account, job)

    assert_downloads_work(job)
    assert len(steps.files_of(job)) == 2
    assert len(steps.attempts_of(job)) == 1


@both_readings
def test_the_server_goes_back_to_its_reading_when_it_is_reset(reading, aws):
    aws.control.set(**{name: value for name, value in OTHER_READINGS.items() if reading != OTHER})

    aws.control.reset()

    now = aws.control.set()
    assert {name: now[name] == value for name, value in OTHER_READINGS.items()} == dict.fromkeys(OTHER_READINGS, reading == OTHER)


@both_readings
@pytest.mark.parametrize("tags", [{}, {"desk": "north"}], ids=["none", "incomplete"])
def test_tags_that_might_show_all_rows_are_never_sent(tags, aws, account, acme, daily_calls):
    give_tags(acme, tags)
    job = steps.submit(acme)

    steps.turn(account)

    assert aws.control.stats()["start_calls"] == 0
    assert_failed_without_a_trace(aws, account, job, "rows_not_isolated")


@both_readings
def test_a_narrowing_tag_never_shows_a_foreign_row(aws, account, acme, daily_calls):
    give_tags(acme, {"tenant_id": "acme", "desk": "north"})
    job = steps.submit(acme)

    steps.run_until_ended(account, job)

    (file,) = steps.files_of(job)
    with urllib.request.urlopen(files.presigned_url(file)) as answer:
        text = answer.read().decode("utf-8-sig")
    assert text.count("AC-0") == 20
    assert "GL-0" not in text


@both_readings
def test_a_visual_that_is_gone_fails_at_the_start_or_later(reading, aws, account, acme):
    make_grant(tenant=acme, report=make_report(slug="daily-calls", account=account, visual_ids=["table-9"]))
    job = steps.submit(acme, visual_ids=["table-9"])

    steps.run_until_ended(account, job)

    assert_failed_without_a_trace(aws, account, job, "report_failed" if reading == OTHER else "parameter_refused")


@both_readings
def test_a_parameter_that_the_dashboard_lost_is_ignored_there_or_fails_the_job(reading, aws, account, acme, daily_calls):
    # Preflight finds it; this is what happens in the minutes until then.
    with platform_scope():
        ReportParameter.objects.create(report=daily_calls, name="Gone", type="string", position=99)
    job = steps.submit(acme, parameters={"Gone": ["x"]})

    steps.run_until_ended(account, job)

    if reading == OTHER:
        assert_failed_without_a_trace(aws, account, job, "report_failed")
    else:
        assert_downloads_work(job)


@both_readings
@pytest.mark.parametrize("fault", ["missing", "unwritable"])
def test_a_bucket_that_quicksight_cannot_use_fails_at_the_start_or_later(fault, reading, aws, account, acme, daily_calls, settings):
    settings.PORTAL_BUCKET = "nobody-made-this" if fault == "missing" else BUCKET
    aws.control.set(unwritable_buckets=[BUCKET])
    job = steps.submit(acme)

    steps.run_until_ended(account, job)

    assert_failed_without_a_trace(aws, account, job, "parameter_refused" if reading == OTHER else "report_failed")


@both_readings
def test_an_account_that_is_not_ours_fails_the_job_with_a_cause(reading, aws, db, acme):
    foreign = make_account(aws_account_id="999999999999", slots=2)
    make_grant(tenant=acme, report=make_report(slug="daily-calls", account=foreign))
    job = steps.submit(acme)

    steps.run_until_ended(foreign, job)

    assert_failed_without_a_trace(aws, foreign, job, "report_missing" if reading == OTHER else "access_denied")


@both_readings
def test_a_result_that_is_asked_for_before_the_end_is_waited_for(aws, account, acme, daily_calls):
    aws.control.stuck_jobs()
    job = steps.submit(acme)
    steps.run_until(account, job, status="running")
    with tenant_scope(acme):
        SnapshotJob.objects.filter(pk=job.pk).update(status="collecting", next_look_at=timezone.now())
    with engine_scope():
        slots.free(job.pk, rests_until=None)

    (report,) = steps.turn(account)
    waiting = steps.now_of(job)
    aws.control.finish(str(steps.attempts_of(job)[0].pk))
    steps.run_until_ended(account, job)

    assert (report.answered, waiting.status, waiting.attempt_count) == (True, "collecting", 1)
    assert_downloads_work(job)


def test_a_job_that_quicksight_forgets_at_once_gets_a_new_id(aws, account, acme, daily_calls):
    aws.control.set(forget_jobs_after=0)
    job = steps.submit(acme)
    steps.run_until(account, job, status="running")

    steps.run_until(account, job, status="queued")
    aws.control.set(forget_jobs_after=None)
    steps.run_until_ended(account, job)

    assert [attempt.failure_code for attempt in steps.attempts_of(job)] == ["result_missing", ""]
    assert_downloads_work(job)


def test_a_percent_encoded_key_is_found_without_the_permission_to_list(aws, account, acme, daily_calls):
    # S3 then answers 403 for the form that does not exist.
    aws.control.set(encode_uris=True, denied=["s3:ListBucket"])
    job = steps.submit(acme)

    steps.run_until_ended(account, job)

    assert_downloads_work(job)
