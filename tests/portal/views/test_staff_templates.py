"""Templates over tenants as staff write them, choose tenants for them, look at their runs, and take them away."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.views import staff_templates
from reports.models import ScheduleTemplate, TemplateUse
from reports.schedule_templates import applying
from tenants.models import AuditEvent, Tenant
from tenants.scope import platform_scope, staff_scope, tenant_scope
from tests import factories
from tests.recently import sign_in
from tests.reports.schedule_templates import steps
from tests.reports.schedule_templates.steps import linked

pytestmark = pytest.mark.django_db
HERE = "/staff/templates/"
NEW = f"{HERE}new/?report=daily-calls"
MOST = 12


def filled(**values):
    """What a browser sends of a form that is filled in well."""
    return {
        "name": "Month close",
        "slug": "month-close",
        "formats": ["PDF"],
        "how": "weekdays",
        "at": "07:30",
        "missed": "latest",
        "release": "at_once",
        "usual_percent": "50",
        "hold_hours": "24",
        "parameter-0": ["North"],
        "parameter-1": "2026-10-26",
        "parameter-1-period": "",
        "parameter-2": "20",
    } | values


@pytest.fixture
def browser(client, ines):
    return sign_in(client, ines)


@pytest.fixture
def morning(ines, acme, globex, daily_calls):
    return steps.in_force(ines, timezone.now(), [acme, globex])


def stored(ines, slug: str = "month-close") -> ScheduleTemplate:
    with staff_scope(ines):
        return ScheduleTemplate.objects.get(slug=slug)


def test_a_new_one_is_asked_for_its_report_first(browser, daily_calls):
    page = browser.get(f"{HERE}new/").content.decode()

    assert "Which report is it of?" in page
    assert '<option value="daily-calls">' in page


def test_what_is_typed_is_stored_and_leads_to_the_choice_of_tenants(browser, ines, daily_calls):
    answer = browser.post(NEW, filled())

    assert (answer.status_code, answer["Location"]) == (303, "/staff/templates/month-close/tenants/")
    template = stored(ines)
    assert (template.name, template.cron, template.formats) == ("Month close", "30 7 * * 1-5", ["PDF"])
    assert template.parameters == {"Region": ["North"], "From": "2026-10-26", "MinSeconds": 20}
    with staff_scope(ines):
        assert AuditEvent.objects.filter(action="template.created", actor=ines.email).exists()


def test_a_fault_is_told_at_its_field_and_nothing_is_stored(browser, ines, daily_calls):
    answer = browser.post(NEW, filled(how="cron", cron="never"))

    assert answer.status_code == 422
    assert "must have five fields" in answer.content.decode()
    with staff_scope(ines):
        assert not ScheduleTemplate.objects.exists()


def test_next_runs_are_shown_before_anything_is_saved(browser, ines, morning):
    answer = browser.post(f"{HERE}morning/edit/", filled(at="06:15", preview="1", version="1"))

    assert answer.status_code == 200
    assert "06:15" in answer.content.decode()
    assert stored(ines, "morning").cron == "30 7 * * 1-5"


def test_next_runs_have_the_time_of_their_zone(browser, acme, globex, morning):
    """Half past seven is half past seven everywhere, whatever the reader's own clock says."""
    with platform_scope():
        Tenant.objects.filter(pk=acme.pk).update(timezone="America/New_York")

    page = browser.get(f"{HERE}{morning.slug}/").content.decode()

    shown = re.findall(r'<p class="num small">(.*?)</p>', page, re.DOTALL)
    assert len(shown) >= 3
    assert all("07:30" in run for run in shown)


def test_all_that_have_the_report_are_chosen_at_once(browser, ines, acme, globex, daily_calls):
    factories.make_tenant(slug="outsider")
    steps.make(ines, timezone.now())

    answer = browser.post(f"{HERE}morning/tenants/", {"all": "1"})
    applying.apply_due(timezone.now())

    assert answer["Location"] == f"{HERE}morning/"
    page = browser.get(f"{HERE}morning/").content.decode()
    assert page.count("In force") == 3
    assert "outsider" not in page
    assert {linked(tenant).slug for tenant in (acme, globex)} == {"morning"}


def test_who_is_taken_out_is_asked_about_with_how_many(browser, ines, globex, morning):
    choice = {"tenant": ["acme"], "save": "1"}

    page = browser.post(f"{HERE}morning/tenants/", choice).content.decode()
    assert "Take 1 tenant out?" in page
    assert globex.name in page
    assert browser.post(f"{HERE}morning/tenants/", choice | {"confirmed": "1"}).status_code == 303

    with staff_scope(ines):
        assert [use.tenant.slug for use in TemplateUse.objects.select_related("tenant").filter(wanted=True)] == ["acme"]


def test_a_tenant_where_it_cannot_be_applied_is_shown_with_the_reason(browser, ines, acme, daily_calls):
    outsider = factories.make_tenant(slug="outsider", name="Outsider Ltd")
    steps.in_force(ines, timezone.now(), [acme, outsider])

    page = browser.get(f"{HERE}morning/").content.decode()

    assert "Not applied in 1 tenant" in page
    assert "It does not have the report. Next try:" in page


def test_a_change_is_on_its_way_to_the_tenants(browser, ines, acme, morning):
    answer = browser.post(f"{HERE}morning/edit/", filled(at="06:15", version="1"))
    assert answer.status_code == 303
    assert "Being applied in 2 tenants" in browser.get(HERE).content.decode()

    applying.apply_due(timezone.now())

    assert linked(acme).cron == "15 6 * * 1-5"
    assert "In force" in browser.get(HERE).content.decode()


def test_who_saves_second_is_told_and_nothing_is_lost(browser, ines, morning):
    browser.post(f"{HERE}morning/edit/", filled(at="06:15", version="1"))

    answer = browser.post(f"{HERE}morning/edit/", filled(at="05:00", version="1"))

    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Somebody else changed this template" in page
    assert 'value="05:00"' in page


def test_removing_says_how_many_schedules_end_and_then_ends_them(browser, acme, ines, morning):
    assert "The schedules of 2 tenants run no more." in browser.get(f"{HERE}morning/remove/").content.decode()

    assert browser.post(f"{HERE}morning/remove/")["Location"] == HERE
    applying.apply_due(timezone.now())

    assert browser.get(f"{HERE}morning/").status_code == 404
    with tenant_scope(acme):
        assert acme.schedules.get(template__isnull=False).retired_at is not None


@pytest.fixture
def ran(acme, globex, morning):
    """On one day: delivered in the one, failed in the other."""
    at = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
    for tenant, status, reason in ((acme, "delivered", ""), (globex, "failed", "jobs_failed")):
        factories.make_occurrence(schedule=linked(tenant), planned_at=at, status=status, reason=reason)
    return at


def test_the_runs_of_a_day_stand_there_with_each_tenants_own_time(browser, ran, acme):
    page = browser.get(f"{HERE}morning/runs/?day=2026-11-20").content.decode()

    assert linked(acme).timezone in page
    assert ran.astimezone(acme.zone).strftime("%H:%M") in page


def test_a_day_is_one_sentence(browser, morning, acme, globex):
    at = timezone.now().replace(hour=12, minute=0)
    factories.make_occurrence(schedule=linked(acme), planned_at=at, status="delivered")
    factories.make_occurrence(schedule=linked(globex), planned_at=at, status="failed")

    assert "1 of 2 delivered, 1 failed" in browser.get(f"{HERE}morning/runs/").content.decode()


def test_runs_are_narrowed_by_their_status(browser, ran, acme, globex):
    page = browser.get(f"{HERE}morning/runs/?day=2026-11-20&status=failed").content.decode()

    assert globex.name in page
    assert acme.name not in page


def test_a_day_that_is_none_is_not_found(browser, morning):
    assert browser.get(f"{HERE}morning/runs/?day=yesterday").status_code == 404


@pytest.mark.parametrize("page", ["", "morning/", "morning/edit/", "morning/tenants/", "morning/runs/", "morning/remove/"])
def test_a_page_asks_no_more_with_more_tenants(page, browser, ines, morning, ran, daily_calls):
    browser.get(f"{HERE}{page}")

    with CaptureQueriesContext(
        connection,
    ) as few:
        browser.get(f"{HERE}{page}")

    assert len(few) <= MOST


def test_tenants_come_in_pages(browser, ines, daily_calls, monkeypatch):
    monkeypatch.setattr(staff_templates, "SIZE", 2)
    tenants = [factories.make_tenant(slug=f"company-{number}") for number in range(5)]
    steps.choose(steps.make(ines, timezone.now()), tenants, timezone.now())

    seen, query = [], "first=1"
    while query:
        page = browser.get(f"{HERE}morning/?{query}").context["page"]
        seen += [use.tenant.slug for use in page.rows]
        query = page.older

    assert seen == [tenant.slug for tenant in tenants]
