"""The list of companies: found by name, narrowed to those that something is wrong with, in pages."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.views import staff_tenants
from reports import suspending
from reports.models import DailyUsage
from tenants.audit import Actor
from tenants.scope import staff_scope, tenant_scope
from tests.factories import give_tags, make_grant, make_pause, make_queue, make_report, make_tenant
from tests.recently import sign_in

pytestmark = pytest.mark.django_db
HERE = "/staff/tenants/"


@pytest.fixture
def browser(client, ines):
    return sign_in(client, ines)


def listed(browser, query: str = "") -> list[str]:
    return [tenant.slug for tenant in browser.get(f"{HERE}{query}").context["tenants"]]


def test_they_stand_by_short_name_or_the_busiest_first(browser, acme, globex):
    make_queue(tenant=globex, queued=4)

    assert listed(browser) == ["acme", "globex"]
    assert listed(browser, "?sort=busiest") == ["globex", "acme"]


def test_a_search_looks_at_names_and_short_names(browser, acme, globex):
    assert listed(browser, f"?q={acme.name[:4]}") == ["acme"]
    assert listed(browser, "?q=GLOB") == ["globex"]
    assert "No tenant matches" in browser.get(f"{HERE}?q=zebra").content.decode()


@pytest.mark.parametrize("sort", ["", "busiest"])
def test_pages_repeat_and_skip_nobody(browser, acme, globex, monkeypatch, sort):
    monkeypatch.setattr(staff_tenants, "SIZE", 2)
    for number in range(3):
        make_tenant(slug=f"more-{number}")

    seen, query = [], f"sort={sort}"
    while query:
        page = browser.get(f"{HERE}?{query}").context
        seen += [tenant.slug for tenant in page["tenants"]]
        query = page["page"].older

    assert seen == sorted(["acme", "globex", "more-0", "more-1", "more-2"])


def test_a_key_that_is_none_is_not_found(browser, acme):
    assert browser.get(f"{HERE}?sort=busiest&after=x").status_code == 404
    assert browser.get(f"{HERE}?after=%00").status_code == 404


def test_each_state_lists_those_that_are_in_it(browser, ines):
    busy = make_tenant(slug="busy", max_running=1)
    make_queue(tenant=busy, queued=2, running=1)
    make_pause(tenant=make_tenant(slug="paused"))
    make_tenant(slug="quiet")
    gone = make_tenant(slug="gone")
    with staff_scope(ines):
        suspending.suspend(gone, Actor(ines.email), "Unpaid.", timezone.now())
    lacking = make_tenant(slug="lacking")
    make_grant(tenant=lacking, report=make_report(slug="needs-desk", required_tags=["desk"]))

    found = {state: listed(browser, f"?status={state}") for state in ("limit", "tags", "paused", "suspended")}

    assert found == {"limit": ["busy"], "tags": ["lacking"], "paused": ["paused"], "suspended": ["gone"]}


@pytest.mark.parametrize(("value", "missing"), [("7", []), ("", ["acme"]), (" ", ["acme"])])
def test_a_tag_counts_only_with_a_value_and_no_value_is_shown(browser, acme, value, missing):
    make_grant(tenant=acme, report=make_report(slug="needs-desk", required_tags=["desk"]))
    give_tags(acme, {"tenant_id": "acme", "desk": value})

    assert listed(browser, "?status=tags") == missing


def test_what_was_delivered_today_is_by_its_own_day(browser, acme):
    with tenant_scope(acme):
        day = timezone.now().astimezone(acme.zone).date()
        DailyUsage.objects.create(tenant=acme, day=day, jobs=9, completed=1234, failed=2, recounted_at=timezone.now())

    page = browser.get(HERE).content.decode()

    assert "1,234" in page
    assert "2 failed" in page


def test_a_day_that_nobody_counted_yet_is_not_nought(browser, acme):
    with tenant_scope(acme):
        DailyUsage.objects.create(tenant=acme, day=timezone.now().astimezone(acme.zone).date(), jobs=9)

    page = browser.get(HERE).content.decode()

    assert 'data-label="Delivered today:">–</td>' in page


def test_a_long_list_costs_as_many_statements_as_a_short_one(browser, acme, django_assert_num_queries):
    # The first visit notes the session.
    browser.get(HERE)
    with CaptureQueriesContext(connection) as before:
        browser.get(HERE)
    for number in range(20):
        make_tenant(slug=f"more-{number}")

    with django_assert_num_queries(len(before)):
        browser.get(HERE)
