"""Why a job waits, in the words of its page, of the list and of the first page."""

from __future__ import annotations

import html
from datetime import timedelta

import pytest
from django.utils import timezone

from reports.models import Installation
from reports.restoring import mode
from tests.factories import make_job, make_pause, make_report
from tests.portal.views.test_live import Reader

pytestmark = pytest.mark.django_db
PLACES = ("/t/acme/", "/t/acme/jobs/", "job")


@pytest.fixture
def queued(acme, daily_calls):
    return make_job(tenant=acme, report=daily_calls, ahead=3)


def said(browser, job) -> list[str]:
    """On each of the three pages."""
    paths = [place if place != "job" else f"/t/acme/jobs/{job.pk}/" for place in PLACES]
    return [html.unescape(browser.get(path).content.decode()) for path in paths]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("account", "All reports are paused by Fanfold"),
        ("tenant", "Your reports are paused by Fanfold"),
        ("report", "This report is paused by Fanfold"),
    ],
)
def test_a_pause_by_people_is_told_with_its_reason_and_no_place_in_line(as_adam, acme, daily_calls, queued, kind, words, settings):
    settings.PLATFORM_NAME = "Fanfold"
    subject = {"account": daily_calls.account, "tenant": acme, "report": daily_calls}[kind]
    make_pause(kind=kind, by="ines@platform.example", because="The data is being loaded again.", **{kind: subject})

    pages = said(as_adam, queued)

    for page in pages:
        assert words in page
        assert "The data is being loaded again" in page
        assert "jobs ahead" not in page
        assert "ines@platform.example" not in page
    assert "It is given up at its deadline" in pages[-1]


def test_a_report_that_fails_again_and_again_says_when_it_is_tried(as_adam, acme, queued):
    at = timezone.now() + timedelta(minutes=30)
    make_pause(kind="report", report=queued.report, code="report_failed", probe_at=at)

    words = "QuickSight could not render this report, five times in a row; we try again at"

    assert all(words in page for page in said(as_adam, queued))
    assert "Nothing is lost: the job goes on by itself." in said(as_adam, queued)[-1]


def test_a_cause_that_does_not_pass_is_not_told_as_five_failures(as_adam, acme, queued):
    make_pause(kind="report", report=queued.report, code="access_denied", probe_at=timezone.now())

    page = said(as_adam, queued)[-1]

    assert "QuickSight refused the portal access to this report; we try again at" in page
    assert "five times" not in page


def test_pauses_of_others_and_of_email_hold_no_job_up(as_adam, acme, globex, queued):
    make_pause(tenant=globex, by="ines@platform.example", because="x")
    make_pause(kind="report", report=make_report(slug="other"), code="report_failed")
    make_pause(kind="delivery", by="ines@platform.example", because="x")

    assert all("3 jobs ahead" in page and "paused by" not in page for page in said(as_adam, queued))


def test_a_job_that_runs_is_told_of_no_pause(as_adam, acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls, status="running", started_at=timezone.now())
    make_pause(tenant=acme, by="ines@platform.example", because="x")

    assert all("paused by" not in page for page in said(as_adam, job))


def test_a_pause_is_news_to_a_page_that_is_open(as_adam, acme, queued):
    reader = Reader(as_adam, f"/t/acme/jobs/{queued.pk}/")
    assert reader.ask().status_code == 204

    make_pause(tenant=acme, by="ines@platform.example", because="An unpaid bill.")

    assert reader.ask().status_code == 200
    assert "An unpaid bill" in reader.text


def test_a_database_that_was_put_back_is_told_on_every_page(as_adam, client, ines, acme, queued):
    staff_words, words = "nothing runs", "Reports start and leave a little later just now."
    assert words not in as_adam.get("/t/acme/").content.decode()

    mode.begin(Installation.Because.DECLARED)

    assert all(words in page for page in said(as_adam, queued))
    client.force_login(ines)
    for path in ("/staff/queue/", "/staff/queue/acme/", "/staff/queue/acme/clear/", "/staff/catalogue/"):
        page = client.get(path).content.decode()
        assert staff_words in page
        assert "manage.py restored --resume" in page
