from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import strip_tags

from reports.alerts import alert, settle
from reports.models import Account, Pump, RequestBudget, Slot
from tenants.scope import engine_scope
from tests.factories import make_account, make_job, make_pause, make_queue, make_report, make_tenant
from tests.portal.views.test_live import POLL, Reader

pytestmark = pytest.mark.django_db
QUEUE = "/staff/queue/"
# The session, the person, the transaction and its scope, and one each for accounts, tenants, pauses and alarms.
MOST = 12


@pytest.fixture
def browser(client, ines):
    client.force_login(ines)
    return client


def page_of(browser, query: str = "") -> str:
    return browser.get(f"{QUEUE}{query}").content.decode()


def words_of(browser, query: str = "") -> str:
    """Without tags, and with one blank between words."""
    return " ".join(strip_tags(page_of(browser, query).replace("<", " <")).split())


def change(model, **fields):
    with engine_scope():
        model.objects.update(**fields)


def test_an_account_tells_its_slots_its_lanes_and_its_longest_wait(browser, acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls, status="running")
    make_job(tenant=acme, report=daily_calls, admitted=True, now=timezone.now() - timedelta(minutes=4, seconds=2))
    make_queue(tenant=acme, lane=0, queued=1200)
    make_queue(tenant=acme, lane=1, queued=34, running=1)
    with engine_scope():
        first, second = Slot.objects.order_by("number")[:2]
        Slot.objects.filter(pk=first.pk).update(job=job)
        Slot.objects.filter(pk=second.pk).update(rests_until=timezone.now() + timedelta(minutes=5))

    told = words_of(browser)

    assert "Slots in use 1 of 5" in told
    assert "Waiting, asked for now 1,200" in told
    assert "Waiting, scheduled 34" in told
    assert re.search(r"Longest wait 4 min \d\d s", told)
    assert "One slot rests" in told
    assert 'aria-label="main: 1 of 5 slots in use, 1 rests"' in page_of(browser)


def test_who_works_on_an_account_is_told_and_that_nobody_does(browser, acme, daily_calls):
    assert "Nobody works on it: start manage.py worker" in words_of(browser)

    change(Pump, beat_at=timezone.now(), process="worker-1:4711")
    assert "Worked on by worker-1:4711" in words_of(browser)

    change(Pump, beat_at=timezone.now() - timedelta(minutes=10))
    assert "Nobody works on it since" in words_of(browser)


def test_an_account_that_is_refused_silent_or_slowed_down_says_so(browser, daily_calls):
    change(Account, refused_since=timezone.now(), refused_code="AccessDeniedException")
    told = words_of(browser)
    assert "Paused: AWS refuses the portal." in told
    assert "AccessDeniedException" in told

    change(Account, refused_since=None, refused_code="", unanswered_since=timezone.now())
    assert "QuickSight does not answer." in words_of(browser)

    change(RequestBudget, slowed_until=timezone.now() + timedelta(minutes=1), slowed_to=0.5)
    assert "Slowed down to 50% of its requests." in words_of(browser)

    change(RequestBudget, slowed_until=timezone.now() - timedelta(seconds=1))
    assert "Slowed down" not in words_of(browser)


def test_jobs_that_are_kept_out_of_the_line_are_told_apart(browser, acme, daily_calls):
    make_queue(tenant=acme, queued=2)
    for admitted in (True, True, False):
        make_job(tenant=acme, report=daily_calls, admitted=admitted)

    told = words_of(browser)

    assert "Not in line 1" in told
    assert "3 2 scheduled 1 not in line" in told


def test_the_busiest_tenant_comes_first_and_who_has_no_job_is_left_out(browser, acme, globex, daily_calls):
    make_tenant(slug="quiet", name="Quiet Ltd")
    for tenant, queued in ((acme, 2), (globex, 7)):
        make_job(tenant=tenant, report=daily_calls)
        make_queue(tenant=tenant, queued=queued)

    page = page_of(browser)

    assert page.index("Globex Airlines") < page.index("Acme Hotels")
    assert "Quiet Ltd" not in page
    assert "Quiet Ltd" in page_of(browser, "?status=all")
    assert "Quiet Ltd" in page_of(browser, "?q=quiet")
    assert "No tenant matches" in page_of(browser, "?q=zebra")


@pytest.mark.parametrize(
    ("given", "queue", "word"),
    [
        ({}, {"queued": 3}, "In line"),
        ({"max_running": 2}, {"queued": 3, "running": 2}, "At its share of slots"),
        ({"max_waiting": 3}, {"queued": 3}, "At its limit of waiting jobs"),
        ({}, {"running": 1}, "Running"),
    ],
)
def test_the_state_of_a_tenant_says_what_holds_it(browser, daily_calls, given, queue, word):
    tenant = make_tenant(slug="held", name="Held Ltd", **given)
    make_job(tenant=tenant, report=daily_calls, status="running")
    make_queue(tenant=tenant, **queue)

    row = words_of(browser).partition("Held Ltd")[2]

    assert word in row.partition("Turns are shared")[0]


def test_what_is_paused_is_listed_with_by_whom_and_why(browser, acme, daily_calls):
    at = timezone.now() + timedelta(minutes=20)
    make_pause(tenant=acme, by="ines@platform.example", because="An unpaid bill.")
    make_pause(kind="report", report=daily_calls, code="report_failed", probe_at=at)
    make_pause(kind="delivery", by="ines@platform.example", because="The mail server moves.")

    told = words_of(browser)

    assert "An unpaid bill." in told
    assert "QuickSight could not render this report." in told
    assert f"one job tries again today, {at:%H:%M}" in told
    assert "All email" in told
    assert "Paused" in words_of(browser, "?status=paused").partition("Acme Hotels")[2]
    assert f"kind=tenant&amp;name={acme.slug}" in page_of(browser)


def test_no_account_and_no_job_are_said(browser):
    told = words_of(browser)

    assert "No account yet" in told
    assert "Nothing waits" in told


def test_more_than_a_page_of_tenants_goes_on_where_the_page_ended(browser, daily_calls):
    for number in range(52):
        make_queue(tenant=make_tenant(slug=f"tenant-{number:02}", name=f"Company {number:02}"), queued=number // 2)

    first = page_of(browser, "?status=all")
    address = first.partition('href="?')[2]
    second = page_of(browser, "?status=all&after=0-tenant-00")
    more = next(part.partition('"')[0] for part in first.split('href="?') if part.startswith("status=all&amp;after="))
    rest = page_of(browser, f"?{more.replace('&amp;', '&')}")

    assert address
    assert first.count('href="/staff/queue/tenant-') == 50
    assert rest.count('href="/staff/queue/tenant-') == 2
    assert {"Company 00" in first, "Company 01" in first} == {False}
    assert "Company 01" in second


@pytest.mark.parametrize("key", ["x", "1", "99999999999-a", "-1-acme"])
def test_a_key_that_is_none_is_no_page_or_the_first(browser, key):
    assert browser.get(QUEUE, {"after": key}).status_code in (200, 404)
    assert browser.get(QUEUE, {"after": f"{key}\0"}).status_code in (200, 404)


def test_a_poll_without_news_is_empty_and_one_with_news_brings_all(browser, acme, daily_calls):
    make_job(tenant=acme, report=daily_calls)
    reader = Reader(browser, QUEUE)

    assert reader.ask().status_code == 204
    make_queue(tenant=acme, queued=9)
    answer = reader.ask()

    assert answer.status_code == 200
    assert 'id="state" hx-swap-oob="outerMorph"' in reader.text
    assert "<html" not in reader.text
    assert reader.ask().status_code == 204


def test_the_page_asks_as_much_for_many_as_for_one(browser, daily_calls):
    def statements() -> int:
        browser.get(QUEUE)
        with CaptureQueriesContext(connection) as captured:
            browser.get(QUEUE, headers=POLL)
        return len(captured)

    few = statements()
    for number in range(30):
        tenant = make_tenant()
        report = make_report(account=make_account(name=f"account-{number}"))
        make_job(tenant=tenant, report=report)
        make_queue(tenant=tenant, queued=1)
        make_pause(tenant=tenant, by="ines@platform.example", because="x")

    assert statements() == few <= MOST


def test_an_account_whose_name_needs_escaping_can_be_paused(browser):
    make_account(name="eu west & co")

    assert f"name={quote('eu west & co')}" in page_of(browser)


@pytest.mark.django_db(transaction=True)
def test_alarms_are_listed_while_they_last(browser):
    alert("account_refused", "Account main is paused: AWS refuses the portal there.", "main")
    alert("account_refused", "Account main is paused: AWS refuses the portal there.", "main")

    told = words_of(browser)
    settle("account_refused", "main")

    assert "AWS refuses the portal there." in told
    assert "raised 2 times" in told
    assert "AWS refuses the portal there." not in words_of(browser)
