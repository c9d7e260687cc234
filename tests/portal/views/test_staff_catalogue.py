from __future__ import annotations

import threading

import pytest
from django.db import connection

from tests.factories import make_grant, make_report, make_tenant
from tests.portal.views.drafts import make_draft
from tests.reports.engine.threads import together

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client, ines):
    client.force_login(ines)
    return client


def page_of(browser, query: str = "") -> str:
    return browser.get(f"/staff/catalogue/{query}").content.decode()


def test_an_empty_catalogue_offers_the_first_import(browser):
    page = page_of(browser)

    assert "The catalogue is empty" in page
    assert 'href="/staff/catalogue/import/"' in page


def test_each_report_tells_whether_its_rules_hold_and_who_has_it(browser, daily_calls):
    make_report(slug="agents", name="Agents", preflight="refused", preflight_detail="Data set “agents” has no enabled tag rules.")

    page = page_of(browser)

    assert "Rules hold" in page
    assert "Acme Hotels, Globex Airlines" in page
    assert "Refused" in page
    assert "Data set “agents” has no enabled tag rules." in page
    assert "Nobody yet" in page


@pytest.mark.parametrize("said", [{"same_for_everyone": True}, {"open_data_sets": ["market"]}])
def test_the_same_for_everyone_is_shown_and_never_as_rules_that_hold(browser, said):
    make_report(slug="market", required_tags=[], **said)

    page = page_of(browser)

    assert "Same for everyone" in page
    assert "Rules hold" not in page


def test_one_open_data_set_among_others_is_named(browser):
    make_report(slug="calls", open_data_sets=["rates"])

    page = page_of(browser)

    assert "Rules hold" in page
    assert "Only of data set rates." in page


def test_withdrawn_grants_and_retired_reports_are_not_shown(browser, acme, now):
    make_grant(tenant=acme, report=make_report(slug="kept", name="Kept"), withdrawn_at=now)
    make_report(slug="gone", name="Retired one", retired_at=now)

    page = page_of(browser)

    assert "Acme Hotels" not in page
    assert "Retired one" not in page


def test_a_search_narrows_and_says_when_nothing_matches(browser):
    make_report(name="Daily call volume")
    make_report(name="Agents")

    assert "Agents" not in page_of(browser, "?q=CALL")
    assert "No report matches" in page_of(browser, "?q=zebra")
    assert browser.get("/staff/catalogue/", {"q": "a\0b"}).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_company_that_was_offered_a_report_this_very_moment_is_no_fault(browser):
    report, begun = make_report(name="Daily call volume"), []

    def offer() -> None:
        make_grant(tenant=make_tenant(name="Brand New"), report=report)
        connection.close()

    def offered_before_the_grants_are_read(execute, sql, params, many, context):
        if 'FROM "reports_grant"' in sql and not begun:
            begun.append(threading.Thread(target=offer))
            begun[0].start()
            begun[0].join()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(offered_before_the_grants_are_read):
        page = page_of(browser)

    assert begun
    assert "Brand New" in page


def test_many_tenants_of_one_report_are_folded(browser):
    report = make_report(name="Daily call volume")
    for number in range(5):
        make_grant(tenant=make_tenant(name=f"Tenant {number}"), report=report)

    assert "and more: 5 in all" in page_of(browser)


def test_drafts_are_mentioned_and_listed(browser, ines):
    make_draft(ines)
    make_draft(ines, work="check")
    make_draft(ines, fault="QuickSight did not answer.")

    listed = browser.get("/staff/catalogue/import/").content.decode()

    assert "3 imports are not published yet." in page_of(browser)
    assert listed.count("Daily call summary") == 3
    assert all(word in listed for word in ("Draft", "Checking the report", "Stopped", "Ines Prado"))


def test_the_page_asks_the_database_no_more_for_more_reports(browser, acme, django_assert_max_num_queries):
    for number in range(30):
        make_grant(tenant=acme, report=make_report(slug=f"report-{number}"))
    # The first visit notes from when on a second step is needed.
    page_of(browser)

    with django_assert_max_num_queries(12):
        page_of(browser)


@pytest.mark.django_db(transaction=True)
def test_a_company_that_is_added_while_the_page_is_made_does_not_break_it(browser):
    report = make_report(name="Daily call volume")
    late = iter([lambda: make_grant(tenant=make_tenant(name="Late Airways"), report=report)])

    def add_before_grants_are_read(execute, sql, *rest):
        if 'FROM "reports_grant"' in sql:
            assert together(*late) == []
        return execute(sql, *rest)

    with connection.execute_wrapper(add_before_grants_are_read):
        page = page_of(browser)

    assert "Daily call volume" in page
    assert "Late Airways" in page_of(browser)
