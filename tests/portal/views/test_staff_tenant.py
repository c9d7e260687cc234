"""One company for staff: looked at inside it and on record, its reports granted and taken back, suspended and let go on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from reports.models import Grant
from tenants import looking
from tenants.audit import Actor
from tenants.models import AuditEvent, Tenant
from tenants.scope import tenant_scope
from tests.factories import give_tags, make_job, make_member, make_report, make_schedule
from tests.recently import sign_in

pytestmark = pytest.mark.django_db
ACME = "/staff/tenants/acme/"
BECAUSE = {"because": "Asked for in ticket 4711."}


@pytest.fixture
def browser(client, ines):
    return sign_in(client, ines)


def acts(tenant: Tenant) -> list[AuditEvent]:
    with tenant_scope(tenant):
        return list(AuditEvent.objects.filter(tenant=tenant).order_by("at", "id"))


def granted(tenant: Tenant) -> set[str]:
    with tenant_scope(tenant):
        return set(Grant.objects.for_tenant(tenant).active().values_list("report__slug", flat=True))


def words(answer) -> str:
    return " ".join(answer.content.decode().split())


class TestLooking:
    def test_the_company_reads_once_an_hour_who_looked(self, browser, acme, ines):
        browser.get(ACME)
        browser.get(ACME)

        (event,) = acts(acme)
        assert (event.action, event.actor, event.object_id) == ("staff.looked", ines.email, str(acme.pk))

    def test_after_an_hour_and_for_another_person_it_is_told_anew(self, acme):
        now = timezone.now()
        with tenant_scope(acme):
            told = [
                looking.looked(acme, Actor("ines@anycompany.example"), now),
                looking.looked(acme, Actor("ines@anycompany.example"), now + timedelta(minutes=59)),
                looking.looked(acme, Actor("omar@anycompany.example"), now),
                looking.looked(acme, Actor("ines@anycompany.example"), now + timedelta(minutes=61)),
            ]

        assert told == [True, False, True, True]

    def test_it_shows_reports_tags_people_limits_and_the_last_day(self, browser, acme, daily_calls):
        make_member(tenant=acme, role="owner", name="Alice Whitmore")
        make_schedule(tenant=acme, report=daily_calls)
        make_job(tenant=acme, report=daily_calls, status="completed", trigger="schedule")
        make_job(tenant=acme, report=daily_calls, status="failed", trigger="api")

        page = words(browser.get(ACME))

        assert all(
            told in page for told in (daily_calls.name, "Alice Whitmore", "Owner", "tenant_id", "Jobs today", "As many as there are")
        )
        assert "Schedules, last 24 hours: 1 delivered" in page
        assert "API, last 24 hours: 0 delivered, 1 failed" in page

    def test_nothing_of_another_company_is_on_it(self, browser, acme, globex, daily_calls):
        make_member(tenant=globex, name="Somebody Else")
        make_report(slug="theirs", name="Their own report")

        page = words(browser.get(ACME))

        assert not any(told in page for told in ("Somebody Else", "Their own report", globex.name))

    def test_a_report_whose_tag_is_missing_says_so(self, browser, acme, daily_calls):
        give_tags(acme, {})

        page = words(browser.get(ACME))

        assert "Tags missing" in page
        assert "Refused at its start" in page

    def test_a_company_that_is_not_there_is_not_found(self, browser):
        assert browser.get("/staff/tenants/nobody/").status_code == 404


class TestGrants:
    def test_a_report_is_granted_with_a_reason_and_on_record(self, browser, acme, daily_calls, ines):
        make_report(slug="agents", name="Agents")

        answer = browser.post(f"{ACME}grant/", BECAUSE | {"report": "agents"})

        assert answer.status_code == 303
        assert granted(acme) == {"daily-calls", "agents"}
        event = acts(acme)[-1]
        assert (event.action, event.actor, event.after["report"], event.after["because"]) == (
            "grant.created",
            ines.email,
            "agents",
            BECAUSE["because"],
        )

    def test_what_it_has_or_what_is_retired_is_not_offered(self, browser, acme, daily_calls):
        make_report(slug="old", retired_at=timezone.now())

        assert "It has every report of the catalogue." in words(browser.get(f"{ACME}grant/"))
        assert browser.post(f"{ACME}grant/", BECAUSE | {"report": "old"}).status_code == 422
        assert granted(acme) == {"daily-calls"}

    def test_one_that_would_show_it_other_rows_is_refused(self, browser, acme):
        make_report(slug="needs-desk", required_tags=["desk"])

        answer = browser.post(f"{ACME}grant/", BECAUSE | {"report": "needs-desk"})

        assert answer.status_code == 422
        assert "desk" in words(answer)
        assert granted(acme) == set()

    def test_it_is_taken_back_and_given_again_with_its_pins(self, browser, acme, daily_calls):
        with tenant_scope(acme):
            Grant.objects.filter(tenant=acme).update(parameters={"Region": ["uk"]})
        path = f"{ACME}grants/daily-calls/take-back/"
        asked = words(browser.get(path))

        browser.post(path, BECAUSE)
        after = granted(acme)
        browser.post(f"{ACME}grant/", BECAUSE | {"report": "daily-calls"})

        assert "Take back Daily call volume?" in asked
        assert after == set()
        with tenant_scope(acme):
            assert Grant.objects.active().get(tenant=acme).parameters == {"Region": ["uk"]}
        assert [event.action for event in acts(acme) if event.action.startswith("grant.")] == ["grant.removed", "grant.created"]

    def test_without_a_reason_nothing_happens(self, browser, acme, daily_calls):
        make_report(slug="agents")

        answers = [browser.post(f"{ACME}grant/", {"report": "agents"}), browser.post(f"{ACME}grants/daily-calls/take-back/")]

        assert {answer.status_code for answer in answers} == {422}
        assert granted(acme) == {"daily-calls"}

    def test_what_it_does_not_have_cannot_be_taken_back(self, browser, acme):
        make_report(slug="agents")

        assert browser.get(f"{ACME}grants/agents/take-back/").status_code == 404


class TestSuspending:
    def test_the_page_says_first_what_rests(self, browser, acme, daily_calls):
        make_member(tenant=acme)
        make_schedule(tenant=acme, report=daily_calls)

        page = words(browser.get(f"{ACME}suspend/"))

        assert all(told in page for told in ("One schedule is on.", "One person can sign in.", "0 working links", "0 jobs wait."))

    def test_it_is_suspended_for_a_reason_and_goes_on_again(self, browser, acme):
        refused = browser.post(f"{ACME}suspend/", {"because": " "})
        browser.post(f"{ACME}suspend/", BECAUSE)
        while_suspended = words(browser.get(ACME))
        browser.post(f"{ACME}resume/")

        assert refused.status_code == 422
        assert "Suspended: nobody of it comes in" in while_suspended
        assert BECAUSE["because"] in while_suspended
        assert "Suspended: nobody of it comes in" not in words(browser.get(ACME))
        assert [event.action for event in acts(acme)] == ["tenant.suspended", "staff.looked", "tenant.unsuspended"]

    def test_its_queue_cannot_be_resumed_by_itself(self, browser, acme):
        browser.post(f"{ACME}suspend/", BECAUSE)

        answer = browser.post("/staff/pauses/resume/", {"kind": "tenant", "name": "acme"}, follow=True)

        assert "Resume the company itself" in words(answer)

    @pytest.mark.parametrize("act", ["suspend/", "resume/", "grant/", "grants/daily-calls/take-back/"])
    def test_a_password_of_long_ago_is_asked_for_again_and_nothing_is_done(self, client, ines, acme, daily_calls, act):
        browser = sign_in(client, ines, seconds_ago=3600)

        answer = browser.post(f"{ACME}{act}", BECAUSE)

        assert answer.status_code == 403
        assert acts(acme) == []
