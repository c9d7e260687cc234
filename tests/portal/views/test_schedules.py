"""The list of schedules and the page of one: what they tell, and what people may do there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from reports.models import Occurrence, Schedule
from tenants.scope import tenant_scope
from tests.factories import make_audience, make_delivery, make_group, make_job, make_occurrence, make_recipient, make_report, make_schedule

pytestmark = pytest.mark.django_db
LIST = "/t/acme/schedules/"


def page(browser, path=LIST, **query):
    answer = browser.get(path, query)
    assert answer.status_code == 200
    return answer.content.decode()


def address(schedule, name="schedule"):
    return reverse(name, args=["acme", schedule.pk])


def again(schedule):
    with tenant_scope(schedule.tenant_id):
        return Schedule.objects.get(pk=schedule.pk)


@pytest.fixture
def weekly(acme, daily_calls):
    """To three people, of whom one is named and in a group as well."""
    schedule = make_schedule(tenant=acme, report=daily_calls, name="Weekly pack", slug="weekly", cron="0 6 * * 1")
    anna, ben, cleo = (make_recipient(tenant=acme, email=f"{name}@customer.example") for name in ("anna", "ben", "cleo"))
    make_audience(schedule=schedule, recipients=[anna], groups=[make_group(tenant=acme, name="Managers", recipients=[anna, ben, cleo])])
    return schedule


def test_the_list_tells_when_a_schedule_runs_and_to_how_many_people_it_goes(as_adam, weekly):
    shown = page(as_adam)

    assert "Weekly pack" in shown
    assert "3 recipients" in shown
    assert "in 23 h 59 min" in shown


def test_a_schedule_of_another_zone_says_which_and_in_which_its_times_are_shown(as_adam, acme, weekly):
    far = make_schedule(tenant=acme, report=weekly.report, name="Far away", timezone="America/New_York")

    listed, there, here = page(as_adam), page(as_adam, address(far)), page(as_adam, address(weekly))

    assert "Every weekday at 07:30, New York time" in listed
    assert "Mondays at 06:00</span>" in listed
    assert "New York time" in there
    assert "shown here in UTC time" in there
    assert "shown here in" not in here


def test_a_schedule_without_a_name_is_called_like_its_report(as_adam, acme, daily_calls):
    make_schedule(tenant=acme, report=daily_calls)

    assert "Daily call volume</a>" in page(as_adam)


@pytest.mark.parametrize(("status", "found"), [("", ["on"]), ("paused", ["paused", "faulty"]), ("ended", ["over"]), ("nonsense", ["on"])])
def test_the_list_is_narrowed_by_state(as_adam, acme, daily_calls, status, found):
    now = timezone.now()
    states = {
        "on": {},
        "paused": {"enabled": False, "paused_at": now},
        "faulty": {"enabled": False, "fault": "Its report is gone."},
        "over": {"next_run_at": None},
        "retired": {"retired_at": now, "next_run_at": None},
    }
    for name, fields in states.items():
        make_schedule(tenant=acme, report=daily_calls, name=f"Is {name}", **fields)

    shown = page(as_adam, status=status)

    assert [name for name in states if f"Is {name}" in shown] == found


@pytest.mark.parametrize("search", ["WEEKLY", "call vol", "anna@"])
def test_a_schedule_is_found_by_its_name_its_report_and_its_recipients(as_adam, acme, weekly, search):
    make_schedule(tenant=acme, report=make_report(name="Billing"), name="Month close")

    shown = page(as_adam, q=search)

    assert "Weekly pack</a>" in shown
    assert "Month close" not in shown


def test_the_list_is_narrowed_to_a_report(as_adam, acme, weekly):
    make_schedule(tenant=acme, report=make_report(slug="billing"), name="Month close")

    shown = page(as_adam, report="billing")

    assert "Month close</a>" in shown
    assert "Weekly pack</a>" not in shown


def test_the_strip_tells_the_last_runs_in_words_too(as_adam, weekly):
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    for day, status, minutes in (
        (0, "delivered", 2),
        (1, "delivered", 40),
        (2, "failed", 2),
        (3, "skipped", 0),
        (4, "partly_delivered", 2),
    ):
        planned = noon - timedelta(days=day)
        make_occurrence(schedule=weekly, planned_at=planned, status=status, ended_at=planned + timedelta(minutes=minutes))
    make_occurrence(schedule=weekly, status="running")

    shown = page(as_adam)

    assert "last 5 runs: 1 delivered, 2 late or partly delivered, 1 failed or missed, 1 skipped" in shown


def test_somebody_who_may_only_look_gets_no_buttons(as_alice, weekly):
    make_occurrence(schedule=weekly, status="failed")

    for shown in (page(as_alice), page(as_alice, address(weekly))):
        assert "Weekly pack" in shown
        assert "New schedule" not in shown
        assert "/pause/" not in shown
        assert "/run/" not in shown
        assert "/edit/" not in shown


@pytest.mark.parametrize(
    "name",
    [
        "schedule_edit",
        "schedule_duplicate",
        "schedule_pause",
        "schedule_resume",
        "schedule_run",
        "schedule_remove",
        "schedule_audience_new",
    ],
)
def test_somebody_who_may_only_look_changes_nothing(as_alice, weekly, name):
    assert as_alice.post(address(weekly, name)).status_code == 403
    assert again(weekly).enabled


def test_nothing_scheduled_leads_to_the_first_one(as_adam, acme):
    shown = page(as_adam)

    assert "Nothing is scheduled" in shown
    assert "/t/acme/schedules/new/" in shown


def test_a_pause_can_be_undone_from_the_page_that_follows(as_adam, weekly):
    answer = as_adam.post(address(weekly, "schedule_pause"), {"next": LIST}, follow=True)

    assert answer.redirect_chain == [(LIST, 303)]
    assert not again(weekly).enabled
    assert 'action="/t/acme/schedules/undo/" data-toast' in answer.content.decode()


def test_a_form_leads_to_no_other_host(as_adam, weekly):
    answer = as_adam.post(address(weekly, "schedule_pause"), {"next": "https://evil.example/"})

    assert answer["Location"] == address(weekly)


def test_run_now_leads_to_the_run(as_adam, weekly):
    answer = as_adam.post(address(weekly, "schedule_run"))

    with tenant_scope(weekly.tenant_id):
        made = Occurrence.objects.get()
    assert made.kind == "hand"
    assert answer["Location"] == reverse("occurrence", args=["acme", weekly.pk, made.pk])


def test_removing_asks_nothing_and_keeps_the_history(as_adam, weekly):
    answer = as_adam.post(address(weekly, "schedule_remove"))

    assert answer["Location"] == LIST
    assert again(weekly).retired_at
    assert "was removed" in page(as_adam, address(weekly))
    assert as_adam.get(address(weekly, "schedule_edit")).status_code == 404


def test_every_planned_run_is_listed_with_its_result(as_adam, weekly, daily_calls, acme):
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    late = make_occurrence(schedule=weekly, planned_at=noon, status="delivered", ended_at=noon + timedelta(minutes=28))
    make_occurrence(schedule=weekly, planned_at=noon - timedelta(days=1), status="missed")
    job = make_job(tenant=acme, report=daily_calls, status="completed", occurrence=late)
    make_delivery(job=job, status="sent")

    shown = page(as_adam, address(weekly))

    assert "Delivered late" in shown
    assert "12:28, 28 min 00 s" in shown
    assert "1 of 1 delivered" in shown
    assert "Missed" in shown
    assert "Not run" in shown


def test_runs_are_paged_by_the_planned_instant(as_adam, weekly):
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    for day in range(45):
        make_occurrence(schedule=weekly, planned_at=noon - timedelta(days=day), status="delivered")

    first = as_adam.get(address(weekly))
    second = as_adam.get(f"{address(weekly)}?{first.context['page'].older}")

    planned = [run.planned_at for answer in (first, second) for run, ledger in answer.context["runs"]]
    assert planned == [noon - timedelta(days=day) for day in range(40)]


def test_the_figures_count_the_last_30_days_without_what_was_skipped(as_adam, weekly):
    now = timezone.now()
    for days, status, minutes in (
        (1, "delivered", 2),
        (2, "delivered", 16),
        (3, "failed", 1),
        (4, "missed", 1),
        (5, "skipped", 1),
        (40, "failed", 1),
    ):
        planned = now - timedelta(days=days)
        make_occurrence(schedule=weekly, planned_at=planned, status=status, ended_at=planned + timedelta(minutes=minutes))

    figures = as_adam.get(address(weekly)).context["figures"]

    assert (figures.in_time, figures.due, figures.in_time_share) == (1, 4, 25)
    assert figures.typical_seconds == 9 * 60


def test_a_promise_takes_the_place_of_the_quarter_of_an_hour(as_adam, weekly):
    planned = timezone.now() - timedelta(days=1)
    make_occurrence(
        schedule=weekly,
        planned_at=planned,
        status="delivered",
        ended_at=planned + timedelta(minutes=50),
        ready_by_at=planned + timedelta(hours=1),
    )

    assert as_adam.get(address(weekly)).context["figures"].in_time == 1


def test_a_schedule_that_the_portal_stopped_says_why_and_what_to_do(as_adam, acme, daily_calls):
    stopped = make_schedule(tenant=acme, report=daily_calls, enabled=False, fault="Its report is no longer shared with you.")

    shown = page(as_adam, address(stopped))

    assert "Its report is no longer shared with you." in shown
    assert "Correct it and save it" in shown
    assert "/resume/" not in shown


def test_the_page_lives_while_a_run_moves_and_asks_slowly_else(as_adam, weekly):
    assert 'hx-trigger="every 15s"' in page(as_adam, address(weekly))

    make_occurrence(schedule=weekly, status="running", created_at=timezone.now())

    assert 'hx-trigger="every 2s"' in page(as_adam, address(weekly))
