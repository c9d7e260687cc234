"""Staff find a company by its name, and whose a job is by its id."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import make_job, make_tenant
from tests.recently import sign_in

pytestmark = pytest.mark.django_db
SEARCH = "/staff/search/"


@pytest.fixture
def as_ines(client: Client, ines) -> Client:
    sign_in(client, ines)
    return client


def found(browser, words):
    return browser.get(SEARCH, {"q": words}).content.decode().partition('id="found"')[2]


@pytest.mark.parametrize("words", ["acme", "HOTELS"])
def test_a_company_is_found_by_name_and_short_name(as_ines, acme, globex, words):
    assert "/staff/tenants/acme/" in found(as_ines, words)
    assert "/staff/tenants/globex/" not in found(as_ines, words)


def test_a_job_leads_to_its_company_and_tells_nothing_of_its_report(as_ines, acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls, status="completed")

    for words in (str(job.pk), str(job.pk)[:8]):
        page = found(as_ines, words)
        assert str(job.pk) in page
        assert "/staff/queue/acme/" in page
        assert daily_calls.name not in page


def test_a_few_of_many_are_shown_and_the_way_to_all_of_them(as_ines):
    for number in range(6):
        make_tenant(slug=f"hotel-{number}", name=f"Hotel {number}")

    page = found(as_ines, "hotel")

    assert page.count("/staff/tenants/hotel-") == 5
    assert "/staff/tenants/?q=hotel" in page


@pytest.mark.parametrize("words", ["minibar", "%%", "abcdef", "<b>", "\0"])
def test_what_is_not_there_is_said_so(as_ines, acme, words):
    page = found(as_ines, words)

    assert "Nothing found" in page or "Type at least" in page
    assert "<b>" not in page
