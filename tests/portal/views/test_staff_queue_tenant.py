from __future__ import annotations

import pytest
from django.utils import timezone

from reports.models import SnapshotJob
from tenants.models import Tenant
from tenants.scope import tenant_scope
from tests.factories import make_job, make_pause, make_queue, make_report

pytestmark = pytest.mark.django_db
ACME = "/staff/queue/acme/"


@pytest.fixture
def browser(client, ines):
    client.force_login(ines)
    return client


def queued(tenant: Tenant) -> int:
    with tenant_scope(tenant):
        return SnapshotJob.objects.filter(status="queued").count()


def test_what_waits_is_told_by_report(browser, acme, daily_calls):
    for admitted, lane in ((True, 0), (True, 1), (False, 1)):
        make_job(tenant=acme, report=daily_calls, admitted=admitted, lane=lane)
    make_job(tenant=acme, report=make_report(slug="agents", name="Agents"))

    page = " ".join(browser.get(ACME).content.decode().split())

    assert page.index(daily_calls.name) < page.index("Agents")
    assert all(words in page for words in ("1 asked for now", "1 scheduled", "1 not in line"))


def test_a_tenant_without_jobs_says_so_and_offers_nothing_to_cancel(browser, acme):
    page = browser.get(ACME).content.decode()

    assert "This tenant has no job in the queue." in page
    assert "Cancel all waiting" not in page


def test_clearing_names_the_number_first_and_cancels_what_waits_alone(browser, acme, globex, daily_calls):
    for tenant in (acme, acme, globex):
        make_job(tenant=tenant, report=daily_calls)
    running = make_job(tenant=acme, report=daily_calls, status="running")

    assert "Cancel 2 jobs" in browser.get(f"{ACME}clear/").content.decode()
    assert browser.post(f"{ACME}clear/", {"because": ""}).status_code == 422
    assert queued(acme) == 2
    answer = browser.post(f"{ACME}clear/", {"because": "Asked for twice by mistake."}, follow=True)

    assert "2 jobs were cancelled." in answer.content.decode()
    assert (queued(acme), queued(globex)) == (0, 1)
    with tenant_scope(acme):
        assert SnapshotJob.objects.get(pk=running.pk).status == "running"


def test_clearing_may_be_narrowed_to_a_report(browser, acme, daily_calls):
    make_job(tenant=acme, report=daily_calls)
    make_job(tenant=acme, report=make_report(slug="agents", name="Agents"))

    assert "Cancel 1 job" in browser.get(f"{ACME}clear/?report=agents").content.decode()
    browser.post(f"{ACME}clear/", {"report": "agents", "because": "Wrong month."})

    assert queued(acme) == 1
    assert browser.get(f"{ACME}clear/?report=no-such").status_code == 404
    assert browser.get(f"{ACME}clear/", {"report": "a\0"}).status_code == 404


def test_nothing_to_clear_is_said(browser, acme):
    assert "Nothing waits" in browser.get(f"{ACME}clear/").content.decode()


def test_a_paused_tenant_says_by_whom_and_offers_to_resume(browser, acme):
    make_pause(tenant=acme, by="omar@platform.example", because="An unpaid bill.", now=timezone.now())

    page = browser.get(ACME).content.decode()

    assert "omar@platform.example" in page
    assert "An unpaid bill." in page
    assert "/staff/pauses/resume/?kind=tenant&amp;name=acme" in page


def test_a_tenant_that_is_not_there_is_not_found(browser):
    assert browser.get("/staff/queue/nobody/").status_code == 404
    assert browser.post("/staff/queue/nobody/clear/", {"because": "x"}).status_code == 404


def test_the_state_counts_the_queues_of_all_accounts(browser, acme):
    make_queue(tenant=acme, lane=0, queued=2, running=1)
    make_queue(tenant=acme, lane=1, queued=5)

    page = browser.get(ACME).content.decode()

    assert "One job is running." in page
    assert "In line: 2 asked for now, 5 scheduled." in page
