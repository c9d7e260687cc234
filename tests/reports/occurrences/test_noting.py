"""Noting what came due: every planned instant is a row once, whatever became of the worker meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from reports.engine import due
from reports.models import Occurrence, Schedule
from reports.occurrences import noting
from reports.schedules import editing
from tenants.scope import engine_scope, tenant_scope
from tests import factories
from tests.reports.engine.threads import together
from tests.reports.occurrences import steps

pytestmark = pytest.mark.django_db
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def told(schedule: Schedule) -> list[tuple[str, str]]:
    return [(occurrence.status, occurrence.reason) for occurrence in steps.occurrences_of(schedule)]


def test_a_due_instant_becomes_an_occurrence_and_the_schedule_moves_on(schedule, monday):
    steps.note(monday + MINUTE)

    occurrence = steps.the_occurrence(schedule)
    assert (occurrence.planned_at, occurrence.status, occurrence.kind, occurrence.reason) == (monday, "planned", "plan", "")
    assert steps.now_of(schedule).next_run_at == monday + DAY


def test_what_is_not_due_is_not_noted(schedule, monday):
    steps.note(monday - MINUTE)

    assert steps.occurrences_of(schedule) == []
    assert steps.now_of(schedule).next_run_at == monday


def test_noting_again_changes_nothing(schedule, monday):
    steps.note(monday)
    steps.note(monday)

    assert len(steps.occurrences_of(schedule)) == 1


def test_a_clock_that_stepped_ahead_and_back_plans_nothing_twice(schedule, monday):
    steps.note(monday + 2 * DAY)
    before = told(schedule), steps.now_of(schedule).next_run_at

    for hours in range(48):
        steps.note(monday + timedelta(hours=hours))

    assert (told(schedule), steps.now_of(schedule).next_run_at) == before


def test_a_due_time_that_somebody_set_back_meets_the_rows_that_are_there(schedule, monday):
    steps.note(monday)
    with tenant_scope(schedule.tenant):
        Schedule.objects.filter(pk=schedule.pk).update(next_run_at=monday)

    steps.note(monday)

    assert len(steps.occurrences_of(schedule)) == 1


@pytest.mark.parametrize(
    ("missed", "expected"),
    [
        ("skip", [("missed", "portal_was_down")] * 5),
        ("latest", [("missed", "portal_was_down")] * 4 + [("planned", "")]),
        ("all", [("planned", "")] * 5),
    ],
)
def test_five_instants_while_the_worker_was_down_are_five_rows(acme, report, monday, missed, expected):
    schedule = factories.make_schedule(tenant=acme, report=report, cron="30 6 * * *", timezone="UTC", missed=missed, next_run_at=monday)

    steps.note(monday + 4 * DAY + timedelta(hours=1))

    assert told(schedule) == expected
    assert steps.now_of(schedule).next_run_at == monday + 5 * DAY


@pytest.mark.parametrize("missed", Schedule.Missed.values)
def test_within_five_minutes_an_instant_is_in_time_whatever_the_policy(acme, report, monday, missed):
    schedule = factories.make_schedule(tenant=acme, report=report, cron="* * * * *", timezone="UTC", missed=missed, next_run_at=monday)

    steps.note(monday + 3 * MINUTE)

    assert told(schedule) == [("planned", "")] * 4


def test_where_the_newest_is_in_time_the_older_ones_are_missed(acme, report, monday):
    schedule = factories.make_schedule(tenant=acme, report=report, cron="*/10 * * * *", timezone="UTC", missed="latest", next_run_at=monday)

    steps.note(monday + 21 * MINUTE)

    assert [status for status, _reason in told(schedule)] == ["missed", "missed", "planned"]


@pytest.mark.parametrize("missed", Schedule.Missed.values)
def test_days_of_a_minute_schedule_are_noted_in_several_passes_and_none_is_lost(acme, report, monday, missed, monkeypatch):
    monkeypatch.setattr(noting, "MAX_ROWS", 700)
    schedule = factories.make_schedule(tenant=acme, report=report, cron="* * * * *", timezone="UTC", missed=missed, next_run_at=monday)
    now, passes = monday + 2 * DAY, 0
    account = factories.the_account()

    while steps.now_of(schedule).next_run_at <= now:
        due.note(account.pk, now)
        passes += 1

    found = steps.occurrences_of(schedule)
    assert passes == 5
    assert [occurrence.planned_at for occurrence in found] == [monday + n * MINUTE for n in range(2 * 24 * 60 + 1)]
    planned = {"skip": 6, "latest": 6, "all": len(found)}[missed]
    assert [occurrence.status for occurrence in found] == ["missed"] * (len(found) - planned) + ["planned"] * planned


def test_the_latest_of_several_passes_is_the_last_one_of_all(acme, report, monday, monkeypatch):
    monkeypatch.setattr(noting, "MAX_ROWS", 2)
    schedule = factories.make_schedule(tenant=acme, report=report, cron="0 6 * * *", timezone="UTC", next_run_at=monday)
    account = factories.the_account()

    for _ in range(4):
        due.note(account.pk, monday + 4 * DAY)

    assert [status for status, _reason in told(schedule)] == ["missed"] * 4 + ["planned"]


def test_a_paused_schedule_leaves_a_row_that_says_who_paused_it(acme, report, monday):
    paused_at = monday - timedelta(hours=2)
    schedule = factories.make_schedule(
        tenant=acme, report=report, timezone="UTC", enabled=False, paused_at=paused_at, paused_by="olga@acme.example", next_run_at=monday
    )

    steps.note(monday)

    occurrence = steps.the_occurrence(schedule)
    assert (occurrence.status, occurrence.reason, occurrence.ended_at) == ("skipped", "paused", monday)
    assert occurrence.detail == {"by": "olga@acme.example", "since": paused_at.isoformat()}


def test_other_times_lose_nothing_that_came_due_by_the_old_ones(acme, report, monday):
    schedule = factories.make_schedule(tenant=acme, report=report, timezone="Europe/Berlin", missed="skip", next_run_at=monday)
    now = monday + timedelta(days=2, hours=1)

    with tenant_scope(acme):
        editing.save(acme, steps.ADAM, {"cron": "0 18 * * 1-5"}, schedule=steps.now_of(schedule), now=now)
    steps.note(now)

    assert [(row.planned_at, row.status) for row in steps.occurrences_of(schedule)] == [
        (monday + timedelta(days=day), "missed") for day in range(3)
    ]
    assert steps.now_of(schedule).next_run_at == monday + timedelta(days=2, hours=10, minutes=30)


def test_a_retired_schedule_and_one_that_ended_are_due_no_more(acme, report, monday):
    retired = factories.make_schedule(tenant=acme, report=report, next_run_at=monday, retired_at=monday)
    ended = factories.make_schedule(tenant=acme, report=report, timezone="Europe/Berlin", next_run_at=monday, ends_on=monday.date())

    steps.note(monday)
    steps.note(monday + 10 * DAY)

    assert steps.occurrences_of(retired) == []
    assert len(steps.occurrences_of(ended)) == 1
    assert steps.now_of(ended).next_run_at is None


def test_what_was_promised_is_kept_on_the_row(acme, report, monday):
    schedule = factories.make_schedule(
        tenant=acme, report=report, timezone="Europe/Berlin", ready_by=datetime(2026, 1, 1, 9, 0).time(), next_run_at=monday
    )

    steps.note(monday)

    assert steps.the_occurrence(schedule).ready_by_at == datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("broken", [{"cron": "61 * * * *"}, {"cron": "nonsense"}, {"timezone": "Mars/Olympus"}])
def test_a_schedule_that_cannot_be_read_is_paused_alone(acme, report, monday, schedule, broken, json_log):
    bad = factories.make_schedule(tenant=acme, report=report, next_run_at=monday, **broken)

    steps.note(monday)
    steps.expand()

    assert told(bad) == [("failed", "schedule_fault")]
    paused = steps.now_of(bad)
    assert (paused.enabled, paused.next_run_at) == (False, None)
    assert next(iter(broken.values())) in paused.fault
    assert told(schedule) == [("running", "")]
    assert [line for line in json_log() if "schedule_paused" in line["message"]]


def test_each_account_notes_its_own(acme, monday):
    other = factories.make_account(name="other")
    here = factories.make_schedule(tenant=acme, report=factories.make_report(), next_run_at=monday)
    there = factories.make_schedule(tenant=acme, report=factories.make_report(account=other), next_run_at=monday)

    due.note(other.pk, monday)

    assert steps.occurrences_of(here) == []
    assert len(steps.occurrences_of(there)) == 1


def test_a_pump_stays_for_what_is_due_soon(acme, report):
    account = factories.the_account()
    schedule = factories.make_schedule(tenant=acme, report=report, next_run_at=datetime.now(UTC) + timedelta(seconds=40))

    with engine_scope():
        soon = due.is_soon(account.pk)
    with tenant_scope(acme):
        Schedule.objects.filter(pk=schedule.pk).update(next_run_at=datetime.now(UTC) + timedelta(minutes=5))
    with engine_scope():
        later = due.is_soon(account.pk)

    assert (soon, later) == (True, False)


@pytest.mark.django_db(transaction=True)
def test_two_schedulers_at_once_note_each_instant_once(acme, report, monday):
    schedules = [
        factories.make_schedule(tenant=acme, report=report, cron="*/5 * * * *", timezone="UTC", missed="all", next_run_at=monday)
        for _ in range(20)
    ]
    account, faults = factories.the_account(), []

    for turn in range(10):
        note = partial(due.note, account.pk, monday + turn * 5 * MINUTE)
        faults += together(note, note, note)

    assert faults == []
    with tenant_scope(acme):
        assert Occurrence.objects.count() == 20 * 10
    for schedule in schedules:
        assert steps.now_of(schedule).next_run_at == monday + 50 * MINUTE
