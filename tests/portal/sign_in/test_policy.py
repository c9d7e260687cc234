"""A company's policy on second steps, and that of the platform for its own people."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from portal.second_step import GRACE
from reports.models import SnapshotJob
from tenants.models import Tenant, User
from tenants.scope import platform_scope, tenant_scope
from tests import recently
from tests.factories import PASSWORD, make_member
from tests.portal.sign_in.conftest import sign_in

pytestmark = pytest.mark.django_db
SET_UP = "/accounts/2fa/totp/activate/"
SOON = "You need a second step"


def set_policy(tenant: Tenant, policy: str) -> None:
    with platform_scope():
        Tenant.objects.filter(pk=tenant.pk).update(mfa=policy)


@pytest.fixture
def here(client, adam):
    return recently.sign_in(client, adam)


class TestRequired:
    @pytest.fixture(autouse=True)
    def policy(self, acme):
        set_policy(acme, "required")

    @pytest.mark.parametrize("page", ["", "jobs/?page=2", "schedules/new/"])
    def test_a_page_leads_to_the_set_up_which_comes_back_to_it(self, here, page, code):
        asked = here.get(f"/t/acme/{page}")
        shown = here.get(asked["Location"]).context

        done = here.post(asked["Location"], {"code": code(secret="".join(shown["secret"])), "next": shown["back"]})
        codes = here.get(done["Location"])

        assert asked.status_code == 302
        assert asked["Location"].startswith(SET_UP)
        assert codes.context["back"] == f"/t/acme/{page}"
        assert here.get(f"/t/acme/{page}").status_code == 200

    def test_a_form_does_nothing_and_says_what_to_do(self, here, acme, daily_calls):
        answer = here.post("/t/acme/reports/daily-calls/run/", {"formats": "PDF"})

        assert answer.status_code == 403
        assert "Set up a second step first" in answer.content.decode()
        with tenant_scope(acme):
            assert not SnapshotJob.objects.exists()

    def test_a_part_of_a_page_that_asks_for_news_gets_no_other_page_into_it(self, here):
        answer = here.get("/t/acme/jobs/?seen=x", headers={"HX-Request": "true", "HX-Request-Type": "partial"})

        assert (answer.status_code, answer.content) == (204, b"")
        assert answer["HX-Redirect"].startswith(SET_UP)

    def test_whoever_gave_a_code_when_signing_in_is_in(self, client, adam):
        recently.sign_in(client, adam, with_code=True)

        assert client.get("/t/acme/").status_code == 200

    def test_a_company_that_does_not_ask_is_open_beside_it(self, here, adam, globex):
        set_policy(globex, "optional")
        make_member(tenant=globex, user=adam)

        assert here.get("/t/globex/").status_code == 200
        assert here.get("/t/acme/").status_code == 302

    def test_whether_there_is_a_company_is_not_told_by_it(self, client, bob):
        recently.sign_in(client, bob)

        assert client.get("/t/acme/").status_code == 404

    def test_the_account_itself_and_signing_out_stay_open(self, here):
        assert {here.get(page).status_code for page in ("/accounts/", "/choose/", "/accounts/password/change/")} == {200}

    def test_a_person_who_removed_it_needs_another_one(self, client, adam, adams_codes):
        recently.sign_in(client, adam, with_code=True)

        client.post("/accounts/2fa/totp/deactivate/")

        assert client.get("/t/acme/")["Location"].startswith(SET_UP)


class TestGrace:
    def test_the_first_visit_begins_fourteen_days_and_each_page_says_until_when(self, here, adam):
        before = timezone.now()

        page = here.get("/t/acme/")
        here.get("/t/acme/jobs/")

        adam.refresh_from_db()
        assert SOON in page.content.decode()
        assert before + GRACE <= adam.second_step_by <= timezone.now() + GRACE

    def test_the_deadline_is_the_same_in_a_company_of_another_zone_and_in_the_account(self, here, acme, adam):
        with platform_scope():
            Tenant.objects.filter(pk=acme.pk).update(timezone="Pacific/Auckland")
        User.objects.filter(pk=adam.pk).update(second_step_by=timezone.now() + timedelta(days=3))
        adam.refresh_from_db()

        shown = [
            re.search(rf"{said} from <time[^>]*>(.*?)</time> UTC on", here.get(page).content.decode())
            for page, said in (("/t/acme/", "sign in"), ("/accounts/", "You need one"))
        ]

        assert [found and found[1] for found in shown] == [f"{adam.second_step_by.astimezone(UTC):%a %-d %b %Y, %H:%M}"] * 2

    def test_a_second_visit_moves_nothing(self, here, adam):
        until = timezone.now() + timedelta(days=3)
        User.objects.filter(pk=adam.pk).update(second_step_by=until)

        assert here.get("/t/acme/").status_code == 200

        adam.refresh_from_db()
        assert adam.second_step_by == until

    def test_after_them_it_is_as_if_it_were_required(self, here, adam):
        User.objects.filter(pk=adam.pk).update(second_step_by=timezone.now())

        assert here.get("/t/acme/")["Location"].startswith(SET_UP)
        assert here.post("/t/acme/jobs/clear/").status_code == 403

    def test_whoever_has_a_second_step_is_told_nothing(self, client, adam):
        recently.sign_in(client, adam, with_code=True)

        page = client.get("/t/acme/")

        adam.refresh_from_db()
        assert SOON not in page.content.decode()
        assert adam.second_step_by is None

    @pytest.mark.django_db(transaction=True)
    def test_pages_that_are_opened_at_once_agree_on_the_day(self, adam):
        browsers = [recently.sign_in(Client(), adam) for _ in range(6)]

        def visit(browser):
            try:
                return browser.get("/t/acme/jobs/").status_code
            finally:
                connection.close()

        with ThreadPoolExecutor(6) as crowd:
            answers = list(crowd.map(visit, browsers))

        assert answers == [200] * 6
        assert User.objects.get(pk=adam.pk).second_step_by > timezone.now() + GRACE - timedelta(minutes=1)

    def test_the_first_sign_in_of_all_needs_no_second_step(self, client, adam):
        sign_in(client, adam)

        assert client.get("/t/acme/").status_code == 200


def test_optional_asks_nobody_and_counts_nothing(here, acme, adam):
    set_policy(acme, "optional")

    page = here.get("/t/acme/")

    adam.refresh_from_db()
    assert SOON not in page.content.decode()
    assert adam.second_step_by is None


class TestStaff:
    @pytest.fixture
    def ines_here(self, client, ines):
        return recently.sign_in(client, ines)

    def test_required_leads_them_to_the_set_up_and_does_nothing(self, ines_here, settings):
        settings.PORTAL_STAFF_MFA = "required"

        assert ines_here.get("/staff/catalogue/")["Location"] == f"{SET_UP}?next=%2Fstaff%2Fcatalogue%2F"
        assert ines_here.post("/staff/pauses/pause/", {"kind": "mail"}).status_code == 403

    def test_grace_lets_them_in_for_fourteen_days_and_says_so(self, ines_here, ines):
        page = ines_here.get("/staff/catalogue/")

        ines.refresh_from_db()
        assert page.status_code == 200
        assert SOON in page.content.decode()
        assert ines.second_step_by > timezone.now()

    def test_optional_asks_nothing(self, ines_here, settings):
        settings.PORTAL_STAFF_MFA = "optional"

        assert SOON not in ines_here.get("/staff/catalogue/").content.decode()

    def test_others_learn_nothing_of_it(self, here, settings):
        settings.PORTAL_STAFF_MFA = "required"

        assert here.get("/staff/catalogue/").status_code == 404


def test_an_invited_person_with_a_second_step_signs_in_with_it_and_comes_back(acme, globex, adam, adams_codes, code, now):
    from tenants.models import Invitation

    with tenant_scope(globex):
        _, token = Invitation.issue(globex, adam.email, "viewer", timezone.now())
    browser, address = Client(), f"/invitations/{globex.code}/{token}/"

    asked = browser.get(address)
    browser.post(asked["Location"], {"login": adam.email, "password": PASSWORD, "next": address})
    back = browser.post("/accounts/2fa/authenticate/", {"code": code()})
    accepted = browser.post(back["Location"])

    assert back["Location"] == address
    assert accepted["Location"] == "/t/globex/"
