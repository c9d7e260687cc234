"""Pumps, slots, and jobs that should have moved."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from reports.models import Account, Pump, Slot
from tenants.scope import engine_scope
from tests.factories import make_job

pytestmark = pytest.mark.django_db
HEALTHY = {
    "pump": "OK pump main: jobs under way or waiting: 1.",
    "slots": "OK slots: they and the jobs agree; 0 of 12 are in use.",
    "resting-slots": "OK resting-slots: none.",
    "deadlines": "OK deadlines: none is late.",
    "leases": "OK leases: none is late.",
}


def beat(account, age):
    with engine_scope():
        Pump.objects.filter(account=account).update(beat_at=timezone.now() - age)


@pytest.mark.parametrize("check", HEALTHY)
def test_a_job_that_waits_its_turn_is_no_fault(check, account, acme, daily_calls, ask):
    make_job(tenant=acme, report=daily_calls)
    beat(account, timedelta(0))

    assert ask(check) == [HEALTHY[check]]


@pytest.mark.parametrize("age", [None, timedelta(minutes=5)], ids=["never", "stopped"])
def test_jobs_without_a_pump_are_a_fault(age, account, acme, daily_calls, ask):
    make_job(tenant=acme, report=daily_calls)
    if age:
        beat(account, age)

    (line,) = ask("pump")

    assert line.startswith("FAIL pump main: nobody works on its jobs; under way or waiting: 1. Remedy: manage.py worker has to run")


def test_an_account_without_work_needs_no_pump(account, ask):
    assert ask("pump") == ["OK pump main: jobs under way or waiting: 0."]


def test_the_silence_of_quicksight_is_told(account, acme, daily_calls, now, ask):
    make_job(tenant=acme, report=daily_calls)
    with engine_scope():
        Account.objects.update(unanswered_since=now)

    assert ask("pump")[0].startswith("WARN pump main: QuickSight has not answered since 2026-03-02 09:00Z; jobs that wait: 1")


def test_no_account_at_all_is_told(db, ask):
    assert ask("pump")[0].startswith("WARN pump: there is no QuickSight account. Remedy: manage.py apply FILE")


def test_a_slot_that_an_ended_job_holds_is_told_with_the_statement_that_frees_it(account, acme, daily_calls, ask):
    job = make_job(tenant=acme, report=daily_calls, status="completed")
    with engine_scope():
        slot = Slot.objects.first()
        Slot.objects.filter(pk=slot.pk).update(job=job)

    (line,) = ask("slots")

    assert line.startswith(f"FAIL slots: slot {slot.pk} is held by job {job.pk}, which does not run")
    assert f"update reports_slot set job_id = null where id = {slot.pk}" in line


def test_a_job_that_runs_without_a_slot_is_told(acme, daily_calls, ask):
    job = make_job(tenant=acme, report=daily_calls, status="running")

    assert ask("slots")[0].startswith(f"FAIL slots: job {job.pk} runs without a slot")


def test_a_slot_that_rests_is_told_with_its_time(account, ask):
    until = timezone.now() + timedelta(minutes=20)
    with engine_scope():
        Slot.objects.filter(account=account, number=3).update(rests_until=until)

    (line,) = ask("resting-slots")

    assert line.startswith(f"WARN resting-slots main/3: rests until {until:%H:%M}Z")


@pytest.mark.parametrize(("status", "minutes"), [("queued", 5), ("running", 20)])
def test_a_job_past_its_deadline_is_a_fault(status, minutes, acme, daily_calls, ask):
    job = make_job(tenant=acme, report=daily_calls, status=status, deadline_at=timezone.now() - timedelta(minutes=minutes))

    assert ask("deadlines")[0].startswith(f"FAIL deadlines: jobs past their deadline that did not end: 1, such as {job.pk}")


def test_a_job_under_way_may_pass_its_deadline_by_a_little(acme, daily_calls, ask):
    make_job(tenant=acme, report=daily_calls, status="running", deadline_at=timezone.now() - timedelta(minutes=5))

    assert ask("deadlines") == [HEALTHY["deadlines"]]


@pytest.mark.parametrize("lease", [None, timedelta(minutes=8)], ids=["never taken", "lease ended"])
def test_a_job_that_nobody_takes_up_is_a_fault(lease, acme, daily_calls, ask):
    due = timezone.now() - timedelta(minutes=10)
    job = make_job(tenant=acme, report=daily_calls, status="running", next_look_at=due, lease_until=lease and due + lease)

    (line,) = ask("leases")

    assert line.startswith(f"FAIL leases: jobs due for a call that nobody takes up: 1, such as {job.pk}")
    assert "doctor --job ID" in line


def test_a_job_in_somebodys_hands_is_no_fault(acme, daily_calls, ask):
    now = timezone.now()
    make_job(
        tenant=acme, report=daily_calls, status="running", next_look_at=now - timedelta(minutes=10), lease_until=now + timedelta(minutes=1)
    )

    assert ask("leases") == [HEALTHY["leases"]]
