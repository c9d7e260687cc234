"""What pages ask the database for. Counted is everything that is sent: the session, the person, the transaction and its scope too."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reports.models import Download
from tenants.scope import tenant_scope
from tests.factories import make_attempt, make_file, make_job, make_link, make_member, make_report
from tests.portal.views.test_live import POLL, Reader, change

pytestmark = pytest.mark.django_db
MOST = 12
HOME, JOBS = "/t/acme/", "/t/acme/jobs/"


def asked(browser, path, **headers):
    """The statements, in order. Asked twice, because the first visit may fill caches."""
    browser.get(path, headers=headers)
    with CaptureQueriesContext(connection) as captured:
        answer = browser.get(path, headers=headers)
    assert answer.status_code == 200
    return [query["sql"] for query in captured.captured_queries]


def moving(tenant, report, person, **fields):
    job = make_job(tenant=tenant, report=report, **({"status": "running", "requested_by": person, "attempt_count": 1} | fields))
    make_attempt(job=job)
    with tenant_scope(tenant):
        job.note("queued", timezone.now(), actor="adam@acme.example")
        job.note("submitted", timezone.now(), attempt=1)
    return job


def completed(tenant, report, person):
    job = make_job(tenant=tenant, report=report, status="completed", attempt_count=2, requested_by=person)
    make_attempt(job=job, ended_at=timezone.now(), failure_code="report_failed")
    attempt = make_attempt(job=job, number=2, ended_at=timezone.now())
    for format in ("PDF", "CSV", "CSV", "EXCEL"):
        file = make_file(job=job, attempt=attempt, format=format)
        link, _ = make_link(job=job, uses=1)
        with tenant_scope(tenant):
            Download.objects.create(tenant=tenant, file=file, link=link, actor=link.reference, at=timezone.now())
            job.note("saved", timezone.now(), name=file.name)
    return job


def failed(tenant, report, person):
    job = make_job(tenant=tenant, report=report, status="failed", failure_code="report_failed", attempt_count=3, requested_by=person)
    for number in (1, 2, 3):
        make_attempt(job=job, number=number, ended_at=timezone.now(), failure_code="report_failed")
    return job


@pytest.fixture
def some(acme, adam, daily_calls):
    """One job of each kind, each of a report of its own."""
    return {kind.__name__: kind(acme, make_report(), adam) for kind in (moving, completed, failed)}


@pytest.fixture
def many(some, acme):
    """Many more, of many reports and people."""
    for number in range(12):
        person = make_member(tenant=acme)
        for kind in (moving, completed, failed):
            kind(acme, make_report(slug=f"{kind.__name__}-{number}"), person)
    return some


@pytest.mark.parametrize("path", [HOME, JOBS, f"{JOBS}?status=failed&q=report&report=moving-1"])
def test_home_and_the_list_ask_little_however_much_there_is(as_adam, many, path):
    assert len(asked(as_adam, path)) <= MOST


@pytest.mark.parametrize("kind", ["moving", "completed", "failed"])
def test_the_page_of_a_job_asks_little_whatever_became_of_it(as_adam, some, kind):
    assert len(asked(as_adam, f"{JOBS}{some[kind].pk}/")) <= MOST


@pytest.mark.parametrize("path", [HOME, JOBS])
def test_more_rows_are_no_more_questions(as_adam, some, acme, path, request):
    few = len(asked(as_adam, path))
    request.getfixturevalue("many")

    assert len(asked(as_adam, path)) == few


def test_more_files_links_and_attempts_are_no_more_questions(as_adam, some, acme):
    job = some["completed"]
    path = f"{JOBS}{job.pk}/"
    few = len(asked(as_adam, path))
    for _ in range(8):
        make_file(job=job, format="CSV")
        make_link(job=job, uses=1)
    with tenant_scope(acme):
        for _ in range(30):
            job.note("unanswered", timezone.now(), code="timeout")

    assert len(asked(as_adam, path)) == few


@pytest.mark.parametrize("path", [HOME, JOBS, "job"])
def test_a_poll_with_news_asks_no_more_than_the_page(as_adam, many, path):
    path = f"{JOBS}{many['moving'].pk}/" if path == "job" else path

    assert len(asked(as_adam, path, **POLL)) <= len(asked(as_adam, path)) <= MOST


def test_a_poll_without_news_asks_less_than_the_page(as_adam, some):
    path = f"{JOBS}{some['moving'].pk}/"
    page = len(asked(as_adam, path))
    reader = Reader(as_adam, path)

    with CaptureQueriesContext(connection) as captured:
        answer = reader.ask()

    assert answer.status_code == 204
    assert len(captured) < page


def test_a_waiting_job_asks_little_too(as_adam, acme, daily_calls, adam):
    job = moving(acme, daily_calls, adam, status="queued", ahead=3, expected_start_at=timezone.now() + timedelta(minutes=3))
    change(job, waiting="slots_taken")

    assert len(asked(as_adam, f"{JOBS}{job.pk}/")) <= MOST
