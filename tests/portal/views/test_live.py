"""Parts of pages that update by themselves: they ask while something can change, get an answer when it did, and stop at the end."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse
from django.utils import timezone

from reports.models import Account, SnapshotJob
from tenants.models import Tenant
from tenants.scope import platform_scope, tenant_scope
from tests.factories import make_attempt, make_file, make_job, make_report
from tests.long_names import make_long_names

pytestmark = pytest.mark.django_db
POLL = {"HX-Request": "true", "HX-Request-Type": "partial"}
HOME, JOBS = "/t/acme/", "/t/acme/jobs/"


def address(job):
    return reverse("job", args=["acme", job.pk])


def change(job, **fields):
    with tenant_scope(job.tenant_id):
        SnapshotJob.objects.filter(pk=job.pk).update(**fields)


class Reader:
    """A page that is open in a browser, and asks as it says it will."""

    def __init__(self, browser, path):
        self.browser, self.text = browser, browser.get(path).content.decode()

    @property
    def asks(self):
        """How often, and where; None: it does not."""
        found = re.search(r'hx-get="([^"]+\bseen=[^"]+)" hx-trigger="every (\d+)s"', self.text)
        return (int(found[2]), unescape(found[1])) if found else None

    def ask(self):
        answer = self.browser.get(self.asks[1], headers=POLL)
        if answer.status_code == 200:
            self.text = answer.content.decode()
        return answer


@pytest.fixture
def moving(acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls, status="running")
    make_attempt(job=job)
    return job


@pytest.fixture(params=["home", "jobs", "job"])
def reader(request, as_adam, moving):
    """Of each page that has live parts."""
    return Reader(as_adam, {"home": HOME, "jobs": JOBS, "job": address(moving)}[request.param])


def test_a_page_whose_job_moved_gets_what_is_new_and_asks_on(reader, moving):
    change(moving, status="collecting")

    answer = reader.ask()

    assert answer.status_code == 200
    assert "Saving" in reader.text
    assert "<html" not in reader.text
    assert reader.ask().status_code == 204


def test_a_page_on_which_nothing_changed_gets_an_empty_answer(reader):
    answers = [reader.ask() for _ in range(2)]

    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b"")] * 2
    assert "HX-Request" in answers[0]["Vary"]


def test_time_that_passes_alone_is_no_news(reader, moving):
    change(moving, created_at=moving.created_at - timedelta(seconds=30))

    # As if it were half a minute older; the browser counts on by itself.
    assert reader.ask().status_code == 204


def test_a_visit_of_the_address_that_is_asked_gets_the_page(reader, as_adam):
    assert "<html" in as_adam.get(reader.asks[1]).content.decode()


@pytest.mark.parametrize(("age", "seconds"), [(timedelta(0), 2), (timedelta(minutes=2), 5), (timedelta(hours=1), 15)])
def test_the_older_its_job_the_more_slowly_a_page_asks(as_adam, moving, age, seconds):
    change(moving, created_at=timezone.now() - age)

    assert [Reader(as_adam, path).asks[0] for path in (HOME, JOBS, address(moving))] == [seconds] * 3


def test_a_page_that_asks_too_often_by_now_is_told_to_ask_less(as_adam, moving):
    reader = Reader(as_adam, address(moving))
    change(moving, created_at=timezone.now() - timedelta(minutes=2))

    assert reader.ask().status_code == 200
    assert reader.asks[0] == 5


def test_the_last_answer_brings_the_files_and_asks_no_more(as_adam, moving):
    reader = Reader(as_adam, address(moving))
    make_file(job=moving, name="calls.pdf")
    change(moving, status="completed", finished_at=timezone.now())

    reader.ask()

    assert "calls.pdf" in reader.text
    assert "New link" in reader.text
    assert "Run again" in reader.text
    assert reader.asks is None


def test_a_job_that_starts_can_no_longer_be_cancelled_on_an_open_page(as_adam, acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls)
    reader = Reader(as_adam, address(job))
    before = "Cancel job" in reader.text
    change(job, status="starting")

    reader.ask()

    assert [before, "Cancel job" in reader.text] == [True, False]


def test_a_list_asks_no_more_once_nothing_in_it_moves(as_adam, moving):
    reader = Reader(as_adam, JOBS)
    change(moving, status="completed", finished_at=timezone.now())

    reader.ask()

    assert "Delivered" in reader.text
    assert reader.asks is None


def test_a_list_keeps_what_it_was_narrowed_to(as_adam, acme, moving):
    make_job(tenant=acme, report=make_report(name="Other"), status="completed")
    reader = Reader(as_adam, f"{JOBS}?status=moving&q=daily")
    change(moving, status="completed", finished_at=timezone.now())

    reader.ask()

    assert "Nothing is there for" in reader.text
    assert "seen=" not in reader.text


def test_a_search_gets_the_page_though_it_asks_by_script(as_adam, moving):
    searching = {"HX-Request": "true", "HX-Request-Type": "full"}

    assert "<html" in as_adam.get(JOBS, {"q": "daily"}, headers=searching).content.decode()


def test_home_waits_for_a_job_that_somebody_else_starts(as_adam, acme, daily_calls):
    reader = Reader(as_adam, HOME)
    idle = reader.asks[0]
    make_job(tenant=acme, report=daily_calls, status="running")

    reader.ask()

    assert "Rendering" in reader.text
    assert [idle, reader.asks[0]] == [15, 2]


def test_home_tells_of_a_failure(as_adam, moving):
    reader = Reader(as_adam, HOME)
    change(moving, status="failed", finished_at=timezone.now(), failure_code="report_failed")

    reader.ask()

    assert "Needs attention" in reader.text


def test_a_failure_is_counted_in_the_navigation_of_whoever_watches(reader, moving):
    change(moving, status="failed", finished_at=timezone.now(), failure_code="report_failed")

    reader.ask()

    assert re.search(r'id="failed-count" hx-swap-oob="outerMorph">1<', reader.text)
    assert re.search(r'id="failed-pip" hx-swap-oob="outerMorph"><', reader.text)


def test_a_state_is_announced_in_one_place_a_page(as_adam, moving, ready_job):
    pages = [as_adam.get(path).content.decode() for path in (HOME, address(moving), address(ready_job))]

    assert [page.count('role="status"') for page in pages] == [1, 1, 1]
    assert "Daily call volume: Rendering" in pages[1]


def test_what_a_reader_opened_is_left_alone(as_adam, moving):
    shown = Reader(as_adam, address(moving)).text

    assert re.findall(r"<details[^>]*>", shown) == ['<details id="attempt-1" hx-morph-skip>']


def test_a_reader_without_script_is_given_a_way_to_refresh(as_adam, moving):
    shown = as_adam.get(address(moving)).content.decode()

    assert f'<noscript><a class="quiet" href="{address(moving)}">' in shown


def test_an_answer_that_is_an_error_is_not_put_into_the_page(reader):
    assert 'hx-status:4xx="swap:none" hx-status:5xx="swap:none"' in reader.text


def pages(browser, job):
    return [browser.get(path).content.decode() for path in (HOME, JOBS, address(job))]


def test_a_waiting_job_says_how_many_start_before_it_and_when_it_is_expected_to(as_adam, acme, daily_calls):
    # Tomorrow, so that the day is told whatever the time is now.
    soon = timezone.now() + timedelta(days=1)
    job = make_job(tenant=acme, report=daily_calls, ahead=3, expected_start_at=soon)

    told = f"3 jobs ahead · expected to start about {soon:%-d %b, %H:%M}"

    assert all(told in page for page in pages(as_adam, job))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"ahead": 0}, "Next in line"),
        ({"ahead": 1}, "1 job ahead"),
        ({"ahead": 1240}, "1,240 jobs ahead"),
        ({"ahead": 2, "expected_start_at": timezone.now() - timedelta(minutes=1)}, "2 jobs ahead"),
    ],
)
def test_a_time_that_is_not_known_or_has_passed_is_not_told(as_adam, acme, daily_calls, fields, told):
    job = make_job(tenant=acme, report=daily_calls, **fields)

    assert all(told in page and "expected to start" not in page for page in pages(as_adam, job))


def test_a_job_between_two_attempts_says_when_the_next_one_is(as_adam, acme, daily_calls):
    again = timezone.now() + timedelta(days=1)
    job = make_job(tenant=acme, report=daily_calls, waiting="retry", attempt_count=1, not_before=again)

    assert all(f"Next attempt about {again:%-d %b, %H:%M}" in page for page in pages(as_adam, job))


def test_while_quicksight_is_silent_no_place_is_told(as_adam, acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls, ahead=3)
    with platform_scope():
        Account.objects.filter(pk=job.account_id).update(unanswered_since=timezone.now())

    assert all("3 jobs ahead" not in page for page in pages(as_adam, job))


def take(tenant, report, *seconds):
    for took in seconds:
        end = timezone.now()
        began = end - timedelta(seconds=took)
        make_job(tenant=tenant, report=report, status="completed", now=began - timedelta(hours=1), started_at=began, finished_at=end)


def test_a_moving_job_says_how_long_its_report_usually_takes_here(as_adam, acme, globex, daily_calls):
    take(acme, daily_calls, 40, 42, 900)
    take(globex, daily_calls, 7)
    take(acme, make_report(), 8)
    job = make_job(tenant=acme, report=daily_calls, status="running", started_at=timezone.now())

    shown = [as_adam.get(path).content.decode() for path in (HOME, address(job))]

    assert all("usually 42 s" in page and "Longer than usual" not in page and not re.search(r"\d\s*%", page) for page in shown)


def test_past_twice_the_usual_a_job_takes_longer_than_usual_and_that_is_news(as_adam, acme, daily_calls):
    take(acme, daily_calls, 42)
    job = make_job(tenant=acme, report=daily_calls, status="running", started_at=timezone.now())
    readers = [Reader(as_adam, path) for path in (HOME, address(job))]
    change(job, started_at=timezone.now() - timedelta(seconds=85))

    assert [reader.ask().status_code for reader in readers] == [200, 200]
    assert all("Longer than usual" in reader.text for reader in readers)


def test_a_wait_in_the_line_is_not_longer_than_usual(as_adam, acme, daily_calls):
    take(acme, daily_calls, 2)
    job = make_job(tenant=acme, report=daily_calls, now=timezone.now() - timedelta(minutes=5))

    assert "Longer than usual" not in as_adam.get(address(job)).content.decode()


def test_a_report_that_never_ended_has_no_usual_time(as_adam, moving):
    assert "usually" not in as_adam.get(address(moving)).content.decode()


def test_forty_session_tags_are_folded_after_the_first_eight(client, db):
    names = make_long_names()
    client.force_login(names.owner)

    shown = client.get(f"/t/donau/jobs/{names.moving.pk}/").content.decode()

    before, _, after = shown.partition('<details class="more"')
    assert [before.count('<dt class="mono">'), after.count('<dt class="mono">')] == [8, 32]
    assert "32 more session tags" in after


def test_a_place_in_the_line_is_told_in_the_companys_time(client, globex, bob, daily_calls):
    with platform_scope():
        Tenant.objects.filter(pk=globex.pk).update(timezone="Asia/Tokyo")
    expected = timezone.now().replace(hour=20, minute=30) + timedelta(days=2)
    job = make_job(tenant=globex, report=daily_calls, ahead=2, expected_start_at=expected)
    client.force_login(bob)

    shown = client.get(f"/t/globex/jobs/{job.pk}/").content.decode()

    assert f"2 jobs ahead · expected to start about {expected + timedelta(days=1):%-d %b}, 05:30" in shown
