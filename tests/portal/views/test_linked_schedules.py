"""A schedule that the platform set up, on the pages and in the API of the company that has it."""

from __future__ import annotations

import re
import uuid

import pytest
from django.utils import timezone

from reports.models import Schedule
from reports.templates import applying
from tenants.scope import tenant_scope
from tests.factories import make_api_key
from tests.recently import sign_in
from tests.reports.api.v1.conftest import V1Client, code
from tests.reports.templates import steps
from tests.reports.templates.steps import linked

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client, adam):
    return sign_in(client, adam)


@pytest.fixture
def morning(ines, acme, daily_calls):
    return steps.in_force(ines, timezone.now(), [acme], parameters={"Region": ["North"]})


@pytest.fixture
def here(acme, morning) -> str:
    return f"/t/acme/schedules/{linked(acme).pk}/"


def test_the_page_says_who_set_it_up_and_offers_no_removal(browser, here):
    page = browser.get(here).content.decode()

    assert "The platform set up this schedule" in page
    assert "/remove/" not in page


def test_the_form_shows_what_the_platform_sets_and_saves_what_is_the_companys(browser, acme, here):
    page = browser.get(f"{here}edit/").content.decode()
    assert "The platform set up this schedule." in page
    for name in ("report", "name", "subject", "cron", "starts_on", "parameter-0", "formats"):
        assert re.search(rf'<[^>]*name="{name}"[^>]* disabled', page), name
    for name in ("timezone", "recipients", "owner", "link_days", "tell_owner"):
        assert not re.search(rf'<[^>]*name="{name}"[^>]* disabled', page), name

    # What a browser sends: nothing of fields that cannot be typed.
    sent = {
        "key": str(uuid.uuid4()),
        "timezone": "Asia/Tokyo",
        "recipients": "ops@acme.example",
        "owner": "",
        "link_days": "",
        "drawn": "daily-calls",
    }
    answer = browser.post(f"{here}edit/", sent)

    assert answer.status_code == 303
    schedule = linked(acme)
    assert (schedule.timezone, schedule.cron, schedule.parameters) == ("Asia/Tokyo", "30 7 * * 1-5", {"Region": ["North"]})


def test_what_somebody_types_nevertheless_changes_nothing(browser, acme, here):
    sent = {
        "key": str(uuid.uuid4()),
        "timezone": "Asia/Tokyo",
        "recipients": "",
        "owner": "",
        "subject": "Ours",
        "how": "cron",
        "cron": "0 1 * * *",
    }

    browser.post(f"{here}edit/", sent)

    assert (linked(acme).subject, linked(acme).cron) == ("", "30 7 * * 1-5")


def test_next_runs_are_shown_in_the_zone_that_is_being_typed(browser, acme, here):
    answer = browser.post(f"/t/acme/schedules/preview/?schedule={linked(acme).pk}", {"timezone": "Asia/Tokyo"})

    assert answer.status_code == 200
    assert "07:30" in answer.content.decode()


def test_it_is_paused_by_the_company_and_stays_so(browser, acme, here, morning):
    browser.post(f"{here}pause/")

    steps.change(morning, timezone.now(), cron="0 6 * * *")
    applying.apply_due(timezone.now())

    assert (linked(acme).enabled, linked(acme).cron) == (False, "0 6 * * *")


def test_it_is_not_removed_by_the_company(browser, acme, here):
    answer = browser.post(f"{here}remove/", follow=True)

    assert "The platform set up this schedule, and removes it." in answer.content.decode()
    assert linked(acme).retired_at is None


def test_a_copy_is_the_companys_own(browser, acme, here):
    page = browser.get(f"{here}duplicate/").content.decode()

    assert "The platform set up this schedule." not in page
    assert "disabled" not in page.split('id="sch"')[1].split("</form>")[0]


@pytest.fixture
def api(acme) -> V1Client:
    return V1Client(make_api_key(tenant=acme, scopes=("schedules:write",))[1])


def test_the_api_tells_it_and_refuses_what_the_platform_sets(api, acme, morning):
    address = f"/api/v1/schedules/{linked(acme).pk}/"
    assert api.get(address).json()["set_by_platform"] is True

    refused = api.call("PATCH", address, {"cron": "0 9 * * *"})
    removed = api.call("DELETE", address)
    changed = api.call("PATCH", address, {"timezone": "Asia/Tokyo", "paused": True})

    assert (code(refused), code(removed)) == ((409, "set_by_template"), (409, "set_by_template"))
    assert refused.json()["errors"][0]["pointer"] == "/cron"
    assert (changed.status_code, changed.json()["paused"]) == (200, True)
    with tenant_scope(acme):
        assert Schedule.objects.get(template__isnull=False).timezone == "Asia/Tokyo"
