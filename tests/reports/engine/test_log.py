"""What the engine writes into the log: a line for each move of a job, and whose job a fault was about."""

from __future__ import annotations

import pytest
from django.db import transaction

from tenants.scope import tenant_scope
from tests.factories import make_job
from tests.reports.engine import steps
from tests.reports.engine.test_crashes import break_job

pytestmark = pytest.mark.django_db(transaction=True)


def moves(lines):
    return [(line["from"], line["to"], line["why"]) for line in lines if line["logger"] == "reports.models.jobs"]


def test_every_move_is_a_line_that_says_from_to_and_why(aws, account, acme, daily_calls, json_log):
    job = steps.submit(acme)
    steps.run_until_ended(account, job)

    lines = json_log()
    assert moves(lines) == [
        ("", "queued", "api"),
        ("queued", "starting", "slot"),
        ("starting", "running", ""),
        ("running", "collecting", ""),
        ("collecting", "completed", ""),
    ]
    assert {(line["job"], line["tenant"]) for line in lines if "from" in line} == {(str(job.pk), str(acme.pk))}


def test_another_attempt_and_the_end_say_why(aws, account, acme, daily_calls, json_log):
    aws.control.fail_jobs(times=3)
    job = steps.submit(acme)
    steps.run_until_ended(account, job, seconds=200)

    assert [move for move in moves(json_log()) if move[0] == "collecting"] == [
        ("collecting", "queued", "report_failed"),
        ("collecting", "queued", "report_failed"),
        ("collecting", "failed", "report_failed"),
    ]


def test_a_move_that_is_rolled_back_is_no_line(acme, daily_calls, json_log, now):
    job = make_job(tenant=acme, report=daily_calls)

    with transaction.atomic(), tenant_scope(acme):
        job.move_to("cancelled", finished_at=now)
        transaction.set_rollback(True)

    assert moves(json_log()) == []


def test_a_fault_names_its_job_and_tenant(aws, account, acme, daily_calls, json_log):
    job = steps.submit(acme)
    break_job(job)

    steps.turn(account)

    (fault,) = [line for line in json_log() if line["level"] == "ERROR"]
    assert "TypeError" in fault["exception"]
    assert (fault["job"], fault["tenant"]) == (str(job.pk), str(acme.pk))
