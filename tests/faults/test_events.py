"""Row 15. S3's events come twice, late, out of order, early, never, or somebody else wrote them: each job ends once, with its one file."""

from __future__ import annotations

import os
import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from reports.aws import queue
from reports.engine import events
from reports.engine.process import STOP_FILE
from reports.models import Pump, SnapshotJob
from tenants.scope import tenant_scope
from tests.faults.outcome import assert_delivered, assert_exactly_once, use_slots
from tests.object_events import bridged, direct, have_told, key_of, left_in, send
from tests.reports.engine import steps
from tests.reports.engine.test_pump import pumping_in_a_thread
from tests.reports.engine.worker import wait_for

pytestmark = pytest.mark.django_db(transaction=True)
SLOTS, JOBS = 3, 6
# What the pretend AWS does with its events, and in which form they come.
WAYS = {
    "once": ({}, "eventbridge"),
    "twice": ({"event_copies": 3}, "eventbridge"),
    "twice, directly": ({"event_copies": 3}, "direct"),
    "out of order": ({"event_disorder": True, "event_copies": 2}, "direct"),
    "before the end": ({"early_events": True}, "eventbridge"),
    "some never": ({"event_share": 0.5}, "eventbridge"),
    "never": ({"event_share": 0}, "direct"),
}


@pytest.fixture(autouse=True)
def short_polls(monkeypatch):
    monkeypatch.setattr(queue, "WAIT_SECONDS", 1)


@pytest.fixture(autouse=True)
def few_slots(account, aws):
    use_slots(account, aws, SLOTS)


@pytest.fixture
def stop_file(monkeypatch, tmp_path):
    path = tmp_path / "stop"
    monkeypatch.setitem(os.environ, STOP_FILE, str(path))
    return path


def pump_until_ended(account, stop_file, jobs) -> None:
    with pumping_in_a_thread(account, window=60):
        wait_for(lambda: all(steps.now_of(job).has_ended for job in jobs), 50, "all jobs ended")
        stop_file.touch()
    wait_for(lambda: not any(thread.name == "events" for thread in threading.enumerate()), 10, "nobody listens")


def heard_at(account):
    return Pump.objects.get(account=account).heard_at


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_row_15_however_events_come_each_job_ends_once(way, aws, account, acme, daily_calls, settings, stop_file):
    switches, form = way
    settings.PORTAL_EVENT_QUEUE_URL = have_told(aws, form)
    aws.control.set(**switches)
    jobs = [steps.submit(acme) for _ in range(JOBS)]

    pump_until_ended(account, stop_file, jobs)

    assert_exactly_once(aws, account, jobs, slots=SLOTS)
    assert_delivered(jobs)


def test_row_15_events_that_come_after_their_jobs_end_change_nothing(aws, account, acme, daily_calls, settings, stop_file, json_log):
    settings.PORTAL_EVENT_QUEUE_URL = url = have_told(aws, "eventbridge")
    aws.control.set(event_delay=3600)
    jobs = [steps.submit(acme) for _ in range(JOBS)]
    pump_until_ended(account, stop_file, jobs)
    before = [steps.now_of(job) for job in jobs]

    aws.control.advance_clock(3700)
    wait_for(lambda: left_in(aws, url) == JOBS, 10, "all events came")
    unheard = heard_at(account)
    while left_in(aws, url):
        events.listen(url)

    after = [steps.now_of(job) for job in jobs]
    assert [(job.status, job.next_look_at, job.object_seen_at, job.finished_at) for job in after] == [
        ("completed", None, None, job.finished_at) for job in before
    ]
    assert (unheard, heard_at(account) is None) == (None, False)
    assert "events of objects refused" not in str(json_log())
    assert_exactly_once(aws, account, jobs, slots=SLOTS)
    assert_delivered(jobs)


def test_row_15_forged_and_foreign_events_are_refused_and_logged(aws, account, acme, globex, daily_calls, settings, stop_file, json_log):
    """Written by somebody who knows the queue: for a job whose files are not there, of a job of another company, of buckets of others."""
    settings.PORTAL_EVENT_QUEUE_URL = url = have_told(aws, "eventbridge")
    aws.control.stuck_jobs()
    victim = steps.submit(acme)
    steps.run_until(account, victim, status="running")
    with tenant_scope(acme):
        SnapshotJob.objects.filter(pk=victim.pk).update(next_look_at=timezone.now() + timedelta(hours=1))
    foreign = [
        bridged(key_of(victim), bucket="somebody-elses"),
        bridged(key_of(victim), account="999988887777"),
        bridged(key_of(victim, tenant=globex)),
        direct(f"t/r90/{acme.pk}/00000000-0000-4000-8000-000000000000/x.csv"),
        direct("../../etc/passwd"),
        "<xml/>",
    ]
    send(aws, url, *foreign)
    while left_in(aws, url):
        events.listen(url)
    unmoved = steps.now_of(victim).object_seen_at

    send(aws, url, bridged(key_of(victim, "forged.csv")))
    jobs = [steps.submit(acme) for _ in range(JOBS)]
    pump_until_ended(account, stop_file, jobs)

    told = [line["message"] for line in json_log() if "events of objects refused" in line["message"]]
    assert sum(int(word) for message in told for word in message.split() if word.isdigit()) == len(foreign)
    # A forged event causes a look, and QuickSight says that the job goes on.
    assert (unmoved, steps.status_of(victim), steps.files_of(victim)) == (None, "running", [])
    assert_delivered(jobs)
    assert aws.control.stats()["refused_by_limit"] == 0
