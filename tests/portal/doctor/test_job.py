"""`doctor --job ID`: all that is known about one job, with and without a worker and AWS; and no tag value, no token."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from reports.aws import clients
from reports.engine import admit, forecast
from reports.models import Account
from tenants.scope import engine_scope
from tests.factories import make_attempt, make_job, make_link
from tests.reports.engine import steps

pytestmark = pytest.mark.django_db


@pytest.fixture
def tell():
    def tell(text: object) -> str:
        written = io.StringIO()
        call_command("doctor", job=str(text), stdout=written)
        return written.getvalue()

    return tell


@pytest.fixture
def completed(aws, account, acme, daily_calls):
    job = steps.submit(acme, parameters={"Region": ["North"]})
    steps.run_until_ended(account, job)
    return job


def test_a_completed_job_is_told_from_the_wish_to_the_files(completed, acme, tell):
    (attempt,) = steps.attempts_of(completed)
    (file,) = steps.files_of(completed)

    told = tell(completed.pk)

    assert told.startswith(f"Job {completed.pk} is “Delivered” (completed).\n")
    assert f"tenant acme (“Acme Hotels”, {acme.pk})" in told
    assert "report daily-calls (“Daily Calls”): dashboard daily-calls, sheet sheet-1" in told
    assert "account main (111122223333, us-east-1)" in told
    assert "Region = ['North']" in told
    assert f"1. SnapshotJobId {attempt.pk}" in told
    assert "QuickSight said COMPLETED" in told
    assert [re.search(rf"Z  {title}", told) is not None for title in ("Queued", "Sent to QuickSight", "File saved", "Ready")] == [True] * 4
    assert f"{file.size_bytes:,} bytes, sha256 {bytes(file.sha256).hex()}, s3://{file.bucket}/{file.key}: there now" in told
    assert "Now" not in told.splitlines()


def test_the_first_block_of_the_id_is_enough(completed, tell):
    assert tell(str(completed.pk)[:8]) == tell(completed.pk)


def test_session_tags_are_told_by_key_and_links_by_reference(completed, tell):
    link, token = make_link(job=completed)

    told = tell(completed.pk)

    assert "session tags of the tenant now: tenant_id (values are not shown)" in told
    assert "session tags sent: tenant_id\n" in told
    assert f"{link.reference}: active, 0 of 50 uses" in told
    assert "downloads in all, by links and by members: 0" in told
    assert token not in told


def test_an_object_that_is_gone_is_told(aws, completed, tell):
    (file,) = steps.files_of(completed)
    aws.client("s3").delete_object(Bucket=file.bucket, Key=file.key)

    assert f"s3://{file.bucket}/{file.key}: NOT THERE" in tell(completed.pk)


def test_without_s3_everything_else_is_told(completed, tell, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    clients.forget()

    told = tell(completed.pk)

    assert "whether it is there is not known, S3 says EndpointConnectionError" in told
    assert "downloads in all, by links and by members: 0" in told


def test_a_waiting_job_says_what_stands_before_it_and_that_no_worker_runs(account, acme, globex, daily_calls, tell):
    now = timezone.now()
    make_job(tenant=globex, report=daily_calls, now=now - timedelta(minutes=2), lane=0)
    make_job(tenant=globex, report=daily_calls, now=now - timedelta(minutes=1), lane=0)
    make_job(tenant=globex, report=daily_calls, lane=0, not_before=now + timedelta(hours=1))
    job = make_job(tenant=acme, report=daily_calls, now=now)
    make_job(tenant=acme, report=daily_calls, now=now + timedelta(minutes=1))
    with engine_scope():
        admit.admit(account.pk)
        forecast.write(account.pk)

    told = tell(job.pk)

    assert "jobs of the account before it: 2; slots: 12, of them free 12, resting 0" in told
    assert "pump of the account: not there; worker: not there" in told
    assert "Files\n  none" in told


def test_a_job_whose_place_nobody_counted_yet_is_not_given_one(account, acme, daily_calls, tell):
    job = make_job(tenant=acme, report=daily_calls)

    assert "jobs of the account before it: not known; slots: 12" in tell(job.pk)


def test_a_job_in_the_silence_of_quicksight_says_since_when(account, acme, daily_calls, now, tell):
    job = make_job(tenant=acme, report=daily_calls, waiting="no_answer", not_before=timezone.now() + timedelta(hours=1))
    with engine_scope():
        Account.objects.update(unanswered_since=now)

    told = tell(job.pk)

    assert "QuickSight has not answered since 2026-03-02 09:00:00Z" in told
    assert "waits: QuickSight is not answering" in told
    assert "does not start before" in told


def test_a_job_under_way_says_its_slot_and_who_has_it_in_hand(aws, account, acme, daily_calls, tell):
    aws.control.stuck_jobs()
    job = steps.submit(acme)
    steps.run_until(account, job, status="running")

    told = tell(job.pk)

    assert "slot main/1" in told
    assert "in nobody's hands" in told


def test_what_went_wrong_is_told_in_our_words_and_in_awss(acme, daily_calls, tell):
    job = make_job(tenant=acme, report=daily_calls, status="failed", failure_code="report_failed", formats=["CSV"])
    words = {"error_type": "INTERNAL_FAILURE", "error_message": "It broke.\nTwice."}
    make_attempt(job=job, ended_at=job.finished_at, failure_code="report_failed", **words)

    told = tell(job.pk)

    assert "QuickSight could not render this report. (report_failed)" in told
    assert "AWS's own words: INTERNAL_FAILURE It broke. Twice." in told


@pytest.mark.parametrize("text", ["00000000", "no-id", "", "0" * 33])
def test_an_unknown_id_is_a_sentence(text, db, tell):
    with pytest.raises(CommandError, match=f"There is no job whose id begins with “{text}”"):
        tell(text)


def test_a_beginning_that_fits_several_jobs_names_them(acme, daily_calls, tell):
    ids = [f"abcdef00-0000-4000-8000-00000000000{number}" for number in range(2)]
    for number in ids:
        make_job(tenant=acme, report=daily_calls, id=number)

    with pytest.raises(CommandError, match=f"begin with “abcdef00”: {', '.join(ids)}. Give more of it"):
        tell("abcdef00")
