from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_job, make_report

pytestmark = pytest.mark.django_db


def page(browser, path="/t/acme/", **options):
    return browser.get(path, **options).content.decode()


def test_before_the_first_run_it_shows_the_way_to_one(as_adam, daily_calls):
    shown = page(as_adam)

    assert "Welcome, Adam Admin" in shown
    assert "one report for Acme Hotels" in shown
    assert "Needs attention" not in shown


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
