"""The first file to read: one job from its request to a checked file, each step by hand."""

from __future__ import annotations

import hashlib
import io
import urllib.request

import pytest
from pypdf import PdfReader

from reports import files
from tests.reports.engine import steps
from tests.reports.engine.readings import both_readings

pytestmark = [pytest.mark.django_db, both_readings]


def test_a_job_becomes_files_that_were_checked_one_by_one(aws, account, acme, daily_calls):
    job = steps.submit(acme, formats=["PDF", "CSV", "EXCEL"], visual_ids=[])

    steps.run_until_ended(account, job)

    assert steps.now_of(job).status == "completed", steps.now_of(job).failure_text
    kept = steps.files_of(job)
    assert sorted(file.format for file in kept) == ["CSV", "CSV", "EXCEL", "PDF"]
    assert len({file.name for file in kept}) == 4
    for file in kept:
        body = urllib.request.urlopen(files.presigned_url(file)).read()
        assert len(body) == file.size_bytes
        assert hashlib.sha256(body).digest() == bytes(file.sha256)
        assert file.pages == (len(PdfReader(io.BytesIO(body)).pages) if file.format == "PDF" else None)


def test_the_timeline_tells_the_life_in_order(aws, account, acme, daily_calls):
    job = steps.submit(acme)

    steps.run_until_ended(account, job)

    assert [event.type for event in steps.events_of(job)] == ["queued", "submitted", "accepted", "rendered", "saved", "completed"]


def test_a_job_holds_a_slot_only_while_quicksight_works_for_it(aws, account, acme, daily_calls):
    job = steps.submit(acme)

    held = [steps.held_slots(account)]
    for status in ("running", "collecting", "completed"):
        steps.run_until(account, job, status=status)
        held.append(steps.held_slots(account))

    assert held == [0, 1, 0, 0]


def test_what_was_sent_is_frozen_on_the_attempt(aws, account, acme, daily_calls):
    job = steps.submit(acme, parameters={"Region": ["West"]})

    steps.run_until_ended(account, job)

    (attempt,) = steps.attempts_of(job)
    (sent,) = aws.control.jobs()
    assert attempt.session_tags == sent["tags"] == {"tenant_id": "acme"}
    assert ["Region", "string", ["West"]] in attempt.parameters
    assert sent["parameters"]["StringParameters"] == [{"Name": "Region", "Values": ["West"]}]
    assert sent["id"] == str(attempt.pk)
    assert attempt.prefix == f"t/r90/{acme.pk}/{job.pk}/"
