"""The first page of staff: the day of an account as a chart with words, figures of today, and who waits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal import capacity_chart
from reports.models import CapacitySample, RequestBudget
from tenants.scope import engine_scope
from tests.factories import make_account, make_queue
from tests.recently import sign_in

pytestmark = pytest.mark.django_db
HERE = "/staff/"
QUARTER = timedelta(minutes=15)


@pytest.fixture
def browser(client, ines):
    return sign_in(client, ines)


def make_sample(account, at, **fields) -> None:
    facts = {"slots": 12, "in_use": 0, "waiting": 0, "oldest_seconds": 0, "throttled": 0, "delivered": 0, "failed": 0}
    with engine_scope():
        CapacitySample.objects.create(account=account, at=at.replace(second=0, microsecond=0), **facts | fields)


def rows(*told: tuple[int, int, int]) -> list[dict]:
    """Quarters of an hour that follow each other: slots, in use, waiting."""
    start = timezone.now().replace(hour=6, minute=0, second=0, microsecond=0)
    return [
        {"part": start + place * QUARTER, "slots": slots, "in_use": in_use, "waiting": waiting}
        for place, (slots, in_use, waiting) in enumerate(told)
    ]


def chart(*told: tuple[int, int, int]) -> capacity_chart.Chart:
    found = rows(*told)
    return capacity_chart.chart(found, found[-1]["part"] + QUARTER)


def test_without_an_account_it_says_how_to_have_one(browser):
    assert "Name a QuickSight account in the platform file" in browser.get(HERE).content.decode()


def test_it_shows_the_present_and_names_whose_jobs_wait(browser, acme, globex):
    account = make_account(slots=12)
    make_queue(tenant=acme, account=account, queued=2)
    make_queue(tenant=globex, account=account, queued=5)

    page = " ".join(browser.get(HERE).content.decode().split())

    assert "<dd>0 <small>of 12</small></dd>" in page
    assert "<dd>7</dd>" in page
    assert page.index(globex.name) < page.index(acme.name)
    assert "Nothing is known of the last 24 hours" in page


def test_figures_of_today_are_differences_and_sums_since_midnight(browser):
    account = make_account()
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    make_sample(account, midnight - timedelta(minutes=1), throttled=5, delivered=100)
    make_sample(account, midnight, throttled=6, delivered=100)
    make_sample(account, midnight + timedelta(minutes=1), throttled=8, delivered=90, failed=10)
    with engine_scope():
        RequestBudget.objects.filter(account=account).update(throttled=20)

    page = browser.get(HERE).content.decode()

    assert "<dd>14 <small>requests today</small></dd>" in page
    assert "<dd>90 <small>90.0%</small></dd>" in page


def test_several_accounts_are_chosen_by_name(browser):
    make_account(name="main", slots=12)
    make_account(name="west", slots=5, aws_account_id="999900001111")

    assert "of 12" in browser.get(HERE).content.decode()
    assert "of 5" in browser.get(f"{HERE}?account=west").content.decode()
    assert browser.get(f"{HERE}?account=none").status_code == 404


def test_a_poll_is_empty_until_something_is_new(browser, acme):
    account = make_account()
    page = browser.get(HERE).context["live"].address
    quiet = browser.get(page, headers={"HX-Request": "true"})
    make_queue(tenant=acme, account=account, queued=1)

    news = browser.get(page, headers={"HX-Request": "true"})

    assert quiet.status_code == 204
    assert news.status_code == 200
    assert "<html" not in news.content.decode()


def test_the_day_is_a_table_too(browser):
    account = make_account()
    make_sample(account, timezone.now() - timedelta(minutes=5), in_use=4, waiting=9, delivered=3)

    page = browser.get(HERE).content.decode()

    assert '<td class="num">4 of 12</td>' in page
    assert '<td class="num">9</td>' in page


def test_it_asks_no_more_of_the_database_with_more_tenants(browser, acme, globex, django_assert_num_queries):
    account = make_account()
    make_queue(tenant=acme, account=account, queued=3)
    # The first visit notes the session.
    browser.get(HERE)
    with CaptureQueriesContext(connection) as before:
        browser.get(HERE)
    make_queue(tenant=globex, account=account, queued=3)

    with django_assert_num_queries(len(before)):
        browser.get(HERE)


class TestTheChart:
    def test_its_words_say_when_all_slots_were_in_use(self):
        told = chart((12, 12, 3), (12, 12, 9), (12, 4, 0)).words

        assert told == "All slots were in use from 06:00 to 06:30. Up to 9 jobs waited."

    def test_of_many_times_it_tells_the_last_three(self):
        told = chart(*[(12, 12, 0), (12, 1, 0)] * 5).words

        assert told.startswith("All slots were in use 5 times, lately from 07:00 to 07:15, 07:30 to 07:45, 08:00 to 08:15.")

    def test_with_a_free_slot_it_says_so(self):
        assert chart((12, 3, 0)).words == "There was a free slot all the time. Up to 0 jobs waited."

    def test_slots_and_waiting_share_a_scale_while_that_shows_both(self):
        drawn = chart((12, 12, 18))

        assert drawn.more == []
        assert [line.word for line in drawn.lines] == ["0", "5", "10", "15", "20"]

    def test_a_million_that_wait_do_not_press_the_slots_flat(self):
        drawn = chart((12, 12, 1_000_000))

        assert [line.word for line in drawn.lines] == ["0", "5", "10", "15", "20"]
        assert drawn.more[-1].word == "2,000,000"

    def test_where_no_worker_ran_there_is_a_gap(self):
        found = rows((12, 1, 0), (12, 2, 0), (12, 3, 0))
        del found[1]

        drawn = capacity_chart.chart(found, found[-1]["part"] + QUARTER)

        assert drawn.line.count("M") == 2
        assert drawn.area.count("Z") == 2

    def test_nothing_is_drawn_of_nothing(self):
        drawn = capacity_chart.chart([], timezone.now())

        assert (drawn.line, drawn.area) == ("", "")
