from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from reports.models import DailyUsage
from reports.recounting import recount
from tenants.models import Tenant
from tenants.scope import platform_scope, tenant_scope
from tests.factories import make_job, make_occurrence, make_report, make_schedule
from tests.portal.views.test_live import Reader

pytestmark = pytest.mark.django_db


def page(browser, path="/t/acme/", **options):
    return browser.get(path, **options).content.decode()


def test_before_the_first_run_it_shows_the_way_to_one(as_adam, daily_calls):
    shown = page(as_adam)

    assert "Welcome, Adam Admin" in shown
    assert "one report for Acme Hotels" in shown
    assert "Needs attention" not in shown


def assert_not_counted(shown: str) -> None:
    figures = shown.partition('aria-label="Last 30 days"')[2].partition("</section>")[0]
    assert figures.count("Not counted yet") >= 3
    for said in ("Nothing has ended yet", "Nothing was delivered", "nothing was delivered", "No links were sent"):
        assert said not in figures


class TestTheWayToTheFirstReport:
    def test_a_step_is_done_when_something_ran_and_the_next_one_is_offered(self, as_adam, acme, daily_calls):
        make_job(tenant=acme, report=daily_calls, status="completed")

        shown = page(as_adam)

        assert "2 of 3 done" in shown
        assert 'href="/t/acme/schedules/new/"' in shown
        assert "Choose a report" not in shown

    def test_it_is_gone_when_all_is_done(self, as_adam, acme, daily_calls):
        make_job(tenant=acme, report=daily_calls, status="completed")
        make_schedule(tenant=acme, report=daily_calls, enabled=False)

        assert "Get started" not in page(as_adam)

    def test_who_lives_without_schedules_is_not_reminded_for_ever(self, as_adam, acme, daily_calls):
        make_job(tenant=acme, report=daily_calls, status="completed")
        with platform_scope():
            Tenant.objects.filter(pk=acme.pk).update(created_at=timezone.now() - timedelta(days=31))

        assert "Get started" not in page(as_adam)

    def test_a_viewer_reads_who_takes_the_steps_and_has_no_buttons(self, as_alice, daily_calls):
        shown = page(as_alice)

        assert "An owner or an admin of your company does that." in shown
        assert "Choose a report" not in shown
        assert "schedules/new/" not in shown


class TestFigures:
    def test_they_tell_the_last_thirty_days_and_today(self, as_adam, acme, daily_calls):
        now = timezone.now()
        for status in ("completed", "completed", "completed", "failed"):
            make_job(tenant=acme, report=daily_calls, status=status, now=now - timedelta(seconds=102), finished_at=now)
        recount(acme.pk, now + timedelta(seconds=1))

        shown = page(as_adam)

        assert ">75.0<small>%</small>" in shown
        assert "1<small> min </small>" in shown
        assert "0 running, 0 queued, 1 failed" in shown
        assert "3 of 4 delivered" in shown
        assert "No links were sent" in shown

    def test_what_nobody_counted_yet_is_not_nought(self, as_adam, acme, daily_calls):
        make_job(tenant=acme, report=daily_calls, status="running")

        assert_not_counted(page(as_adam))

    def test_what_ended_after_the_only_count_is_not_told_as_nothing(self, as_adam, acme, daily_calls):
        now = timezone.now()
        make_job(tenant=acme, report=daily_calls, status="completed", now=now - timedelta(seconds=5), finished_at=now)
        recount(acme.pk, now - timedelta(seconds=2))
        with tenant_scope(acme):
            DailyUsage.objects.filter(tenant=acme).update(single_delivered=0, took={}, downloads=12)

        shown = page(as_adam)

        assert "Nothing has ended yet" not in shown
        assert "Nothing was delivered yet" not in shown
        assert "1 of 1 delivered" in shown
        # What was counted of other things is known all the same.
        assert '<p class="stat__value">12</p>' in shown

    def test_a_run_that_is_held_was_counted_and_has_not_ended(self, as_adam, acme, daily_calls):
        run = make_occurrence(schedule=make_schedule(tenant=acme, report=daily_calls), status="held", ended_at=None)
        make_job(tenant=acme, report=daily_calls, status="completed", occurrence=run)
        recount(acme.pk, timezone.now())

        shown = page(as_adam)

        assert "Nothing has ended yet" in shown
        assert "Not counted yet" not in shown

    def test_what_was_counted_and_is_nothing_is_said_to_be_nothing(self, as_adam, acme, daily_calls):
        make_job(tenant=acme, report=daily_calls, status="running")
        recount(acme.pk, timezone.now())

        shown = page(as_adam)

        assert "Nothing has ended yet" in shown
        assert "Not counted yet" not in shown

    def test_the_strips_of_schedules_tell_their_share_and_time(self, as_adam, acme, daily_calls):
        schedule = make_schedule(tenant=acme, report=daily_calls, name="Morning pack")
        make_job(tenant=acme, report=daily_calls, status="completed")
        for days, status in enumerate(("delivered", "delivered", "delivered", "failed", "skipped"), 1):
            make_occurrence(schedule=schedule, planned_at=timezone.now() - timedelta(days=days), status=status)

        shown = page(as_adam)

        assert "Morning pack: last 5 runs: 3 delivered, 1 failed or missed, 1 skipped" in shown
        assert ">75%<" in shown
        assert ">2 min 00 s<" in shown

    def test_a_poll_draws_them_anew_when_they_changed(self, as_adam, acme, daily_calls):
        make_job(tenant=acme, report=daily_calls, status="completed")
        recount(acme.pk, timezone.now())
        reader = Reader(as_adam, "/t/acme/")
        assert reader.ask().status_code == 204
        with tenant_scope(acme):
            DailyUsage.objects.filter(tenant=acme).update(downloads=41)

        assert '<p class="stat__value">41</p>' in reader.ask().content.decode()


def test_failures_come_first_with_their_cause_and_a_button(as_adam, acme, daily_calls):
    failed = make_job(
        tenant=acme, report=daily_calls, status="failed", failure_code="report_failed", failure_message="QuickSight could not render it."
    )

    shown = page(as_adam)

    assert shown.index("Needs attention") < shown.index("QuickSight could not render it.") < shown.index("Running now")
    assert f'action="/t/acme/jobs/{failed.pk}/retry/"' in shown


def test_a_failure_is_settled_when_the_report_ran_again(as_adam, acme, daily_calls):
    make_job(tenant=acme, report=daily_calls, status="failed", failure_code="internal", now=timezone.now() - timedelta(minutes=5))
    make_job(tenant=acme, report=daily_calls, status="completed")

    assert "Needs attention" not in page(as_adam)


def test_a_failure_of_another_report_still_needs_attention(as_adam, acme, daily_calls):
    make_job(tenant=acme, report=daily_calls, status="failed", failure_code="internal", now=timezone.now() - timedelta(minutes=5))
    make_job(tenant=acme, report=make_report(), status="completed")

    assert "Needs attention" in page(as_adam)


def test_a_job_that_waits_for_quicksight_says_so(as_adam, acme, daily_calls):
    make_job(tenant=acme, report=daily_calls, status="starting", waiting="no_answer")

    assert "QuickSight is not answering" in page(as_adam)


def test_a_viewer_sees_failures_but_no_buttons_that_run(as_alice, acme, daily_calls):
    make_job(tenant=acme, report=daily_calls, status="failed", failure_code="internal", failure_message="It broke.")

    shown = page(as_alice)

    assert "It broke." in shown
    assert "Run again" not in shown
    assert "Run a report" not in shown


def test_another_companys_jobs_are_not_there(as_adam, globex, daily_calls):
    make_job(tenant=globex, report=daily_calls, status="failed", failure_code="internal", failure_message="Theirs broke.")

    assert "Theirs broke." not in page(as_adam)
