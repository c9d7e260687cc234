"""One field for all of a company: a few of each kind, the way to the whole list, and nothing of anybody else's."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reports import searching
from tests.factories import make_grant, make_job, make_link, make_recipient, make_report, make_schedule

pytestmark = pytest.mark.django_db
SEARCH = "/t/acme/search/"


@pytest.fixture
def mornings(acme, daily_calls):
    """A report, a schedule, a job, a recipient and a link, each with its own word in it."""
    job = make_job(tenant=acme, report=daily_calls, status="completed")
    person = make_recipient(tenant=acme, email="gm.porto@customer.example", name="Sofia Lemos")
    link, _token = make_link(job=job, email=person.email)
    return {
        "schedule": make_schedule(tenant=acme, report=daily_calls, name="Every morning"),
        "job": job,
        "person": person,
        "link": link,
    }


def found(browser, words):
    """The cards and the addresses in them."""
    page = browser.get(SEARCH, {"q": words}).content.decode()
    body = page.partition('id="found"')[2].partition('role="status"')[0]
    return re.findall(r'<h2 id="(\w+)"', body), set(re.findall(r'href="([^"]+)"', body)), body


def test_a_report_is_found_with_its_jobs_and_its_schedules(as_adam, mornings):
    cards, ways, _body = found(as_adam, "daily CALL")

    assert cards == ["reports", "schedules", "jobs"]
    assert {
        "/t/acme/reports/daily-calls/run/",
        f"/t/acme/schedules/{mornings['schedule'].pk}/",
        f"/t/acme/jobs/{mornings['job'].pk}/",
    } <= ways


@pytest.mark.parametrize("words", ["Every morn", "morning"])
def test_a_schedule_is_found_by_its_name(as_adam, mornings, words):
    assert found(as_adam, words)[:2] == (["schedules"], {f"/t/acme/schedules/{mornings['schedule'].pk}/"})


@pytest.mark.parametrize("words", ["gm.porto", "PORTO", "sofia", "customer.example"])
def test_a_person_is_found_by_name_or_address_with_the_links_sent_there(as_adam, mornings, words):
    ways = {f"/t/acme/recipients/{mornings['person'].pk}/", f"/t/acme/links/{mornings['link'].pk}/"}

    assert found(as_adam, words)[:2] == (["recipients", "links"], ways)


def test_a_job_is_found_by_its_id_and_by_what_it_begins_with(as_adam, mornings):
    whole = str(mornings["job"].pk)

    for words in (whole, whole[:8], whole.upper(), whole.replace("-", "")[:10]):
        assert f"/t/acme/jobs/{whole}/" in found(as_adam, words)[1]


def test_a_link_is_found_by_its_reference_and_by_what_it_begins_with(as_adam, mornings):
    whole = mornings["link"].reference

    for words in (whole, whole.lower(), whole.removeprefix("LNK-"), whole[:8], whole[4:8]):
        assert f"/t/acme/links/{mornings['link'].pk}/" in found(as_adam, words)[1]


def test_links_to_somebody_in_no_address_book_are_found_by_the_address(as_adam, mornings):
    link, _token = make_link(job=mornings["job"], email="stranger@customer.example")

    assert found(as_adam, "Stranger@customer.example")[:2] == (["links"], {f"/t/acme/links/{link.pk}/"})


def test_a_few_of_many_are_shown_and_the_way_to_all_of_them(as_adam, acme):
    people = [make_recipient(tenant=acme, email=f"night{number}@customer.example") for number in range(searching.FEW + 1)]

    cards, ways, _body = found(as_adam, "night")

    assert cards == ["recipients"]
    assert "/t/acme/recipients/?q=night" in ways
    assert len(ways) == searching.FEW + 1
    assert f"/t/acme/recipients/{people[-1].pk}/" not in ways


def test_as_few_as_are_shown_lead_nowhere_else(as_adam, acme):
    for number in range(searching.FEW):
        make_recipient(tenant=acme, email=f"night{number}@customer.example")

    assert "/t/acme/recipients/?q=night" not in found(as_adam, "night")[1]


@pytest.mark.parametrize("words", ["", " ", "d", "\0", "\0d"])
def test_too_few_characters_ask_for_more_and_read_nothing(as_adam, mornings, words):
    cards, _ways, body = found(as_adam, words)

    assert cards == []
    assert "Type at least 2 characters" in body


@pytest.mark.parametrize(
    "words", ["minibar", "%%", "__", "'; drop table", "<script>alert(1)</script>", "x" * 5000, "LNK-", "abcd" * 9, "🐘🐘"]
)
def test_what_is_not_there_is_said_so_in_its_own_words(as_adam, mornings, words):
    cards, _ways, body = found(as_adam, words)

    assert cards == []
    assert "Nothing found" in body
    assert "<script" not in body


def test_nothing_of_another_company_is_found(as_adam, globex, mornings):
    report = make_report(slug="secret", name="Secret figures")
    make_grant(tenant=globex, report=report)
    job = make_job(tenant=globex, report=report, status="completed")
    link, _token = make_link(job=job, email="boss@globex.example")
    make_recipient(tenant=globex, email="boss@globex.example")
    make_schedule(tenant=globex, report=report, name="Secret schedule")

    for words in ("secret", "boss@globex.example", str(job.pk), link.reference):
        assert found(as_adam, words)[0] == []


def test_a_viewer_finds_what_a_viewer_sees(as_alice, mornings):
    assert found(as_alice, "porto")[0] == ["recipients", "links"]


def test_a_search_costs_the_same_number_of_statements_however_much_there_is(as_adam, acme, mornings):
    costs = []
    for number in range(4):
        with CaptureQueriesContext(connection) as asked:
            assert found(as_adam, "call")[0] == ["reports", "schedules", "jobs"]
        costs.append(len(asked))
        report = make_report(slug=f"calls-{number}", name=f"Calls {number}")
        make_grant(tenant=acme, report=report)
        make_job(tenant=acme, report=report, status="completed")
        make_schedule(tenant=acme, report=report)

    # The first one also looks for what is remembered between requests.
    assert len(set(costs[1:])) == 1


def test_every_page_has_the_field_and_on_a_small_screen_the_way_to_it(as_adam):
    page = as_adam.get("/t/acme/jobs/").content.decode()

    assert 'action="/t/acme/search/"' in page
    assert '<a class="btn btn--ghost btn--icon" href="/t/acme/search/"' in page
