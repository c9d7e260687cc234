"""What pages ask the database for. Counted is everything that is sent: the session, the person, the transaction and its scope too."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reports.models import Download
from tenants.scope import tenant_scope
from tests.factories import (
    make_attempt,
    make_audience,
    make_delivery,
    make_file,
    make_group,
    make_job,
    make_link,
    make_member,
    make_occurrence,
    make_recipient,
    make_report,
    make_review,
    make_schedule,
)
from tests.portal.views.test_live import POLL, Reader, change

pytestmark = pytest.mark.django_db
MOST = 12
# Figures, people and runs of one schedule are each a question of their own; its form has everything to choose from, too.
MOST_OF_A_SCHEDULE = 24
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


def schedules_of(tenant, number):
    """Each with people in two ways, runs in its history and one that is under way. Returns the last one's run."""
    for _number in range(number):
        report = make_report(parameters=[])
        schedule = make_schedule(tenant=tenant, report=report, owner=make_member(tenant=tenant, role="admin"))
        people = [make_recipient(tenant=tenant) for _ in range(3)]
        audience = make_audience(schedule=schedule, recipients=people[:2], groups=[make_group(tenant=tenant, recipients=people)])
        make_audience(schedule=schedule, name="North", session_tags={"region": "north"}, recipients=people)
        for day in range(1, 4):
            make_occurrence(schedule=schedule, planned_at=timezone.now() - timedelta(days=day), status="delivered")
        run = make_occurrence(schedule=schedule, status="running", expanded_at=timezone.now())
        job = make_job(tenant=tenant, report=report, status="completed", occurrence=run)
        make_file(job=job)
        for person in people:
            sent = make_delivery(job=job, address=person.email, recipient=person, audience=audience, status="sent", sent_at=timezone.now())
            make_link(job=job, delivery=sent, uses=1)
    return run


def test_home_asks_no_more_while_runs_are_held_and_much_else_is_there(as_adam, many, acme):
    for kind in (1, 2, 3):
        schedule = schedules_of(acme, 2).schedule
        run = make_occurrence(
            schedule=schedule, planned_at=timezone.now() - timedelta(hours=kind), status="held", expanded_at=timezone.now()
        )
        for _ in range(4):
            make_review(job=make_job(tenant=acme, report=schedule.report, status="completed", occurrence=run))

    assert b"Held for review" in as_adam.get(HOME).content
    assert len(asked(as_adam, HOME)) <= MOST


SCHEDULES = ("", "{schedule}/", "{schedule}/edit/", "{schedule}/audiences/", "{schedule}/runs/{run}/")


@pytest.mark.parametrize("page", SCHEDULES)
def test_pages_of_schedules_ask_little_however_much_there_is(as_adam, acme, page):
    run = schedules_of(acme, 8)

    asked_for = asked(as_adam, f"/t/acme/schedules/{page.format(schedule=run.schedule_id, run=run.pk)}")

    assert len(asked_for) <= (MOST if page == "" else MOST_OF_A_SCHEDULE)


def test_more_schedules_are_no_more_questions_anywhere(as_adam, acme):
    schedules_of(acme, 1)
    few = [len(asked(as_adam, path)) for path in ("/t/acme/schedules/", HOME)]
    schedules_of(acme, 8)

    assert [len(asked(as_adam, path)) for path in ("/t/acme/schedules/", HOME)] == few
