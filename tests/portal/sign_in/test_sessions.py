"""When sessions begin, what they are last seen with, and what ends them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client, RequestFactory
from django.utils import timezone

from portal import last_seen
from portal.sessions import BEGAN, LONGEST, UNUSED, SessionStore
from reports import tasks
from tests import recently
from tests.factories import PASSWORD
from tests.portal.sign_in.conftest import is_in, sign_in

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def row_of(browser: Client) -> Session:
    return Session.objects.get(pk=browser.session.session_key)


def ends_in(browser: Client) -> timedelta:
    return row_of(browser).expire_date - timezone.now()


def as_if(browser: Client, *, unused: timedelta = timedelta(0), began: timedelta = timedelta(0)) -> None:
    """So much later."""
    row = row_of(browser)
    store = SessionStore(row.pk)
    data = store.load()
    if began:
        data[BEGAN] -= began.total_seconds()
    Session.objects.filter(pk=row.pk).update(expire_date=row.expire_date - unused, session_data=store.encode(data))
    UserSession.objects.filter(session_key=row.pk).update(last_seen_at=timezone.now() - unused)


@pytest.fixture
def here(client, adam) -> Client:
    sign_in(client, adam)
    return client


def test_a_session_ends_twelve_hours_after_its_last_use(here):
    assert UNUSED - MINUTE < ends_in(here) <= UNUSED

    as_if(here, unused=UNUSED - MINUTE)
    still = is_in(here)
    as_if(here, unused=UNUSED + MINUTE)

    assert still
    assert not is_in(here)


def test_it_ends_after_seven_days_however_much_it_is_used(here):
    as_if(here, unused=MINUTE * 2, began=LONGEST - timedelta(hours=1))

    used = is_in(here)

    assert used
    assert ends_in(here) <= timedelta(hours=1)
    here.post("/accounts/", {"name": "Adam, who saves"})
    assert ends_in(here) <= timedelta(hours=1)


def test_staying_signed_in_lasts_no_longer_on_the_server(adam):
    browser = Client()

    sign_in(browser, adam, remember="on")

    assert ends_in(browser) <= UNUSED
    assert browser.cookies["session"]["max-age"] == LONGEST.total_seconds()


def test_signing_in_makes_a_new_session_and_whoever_planted_the_old_one_has_nothing(adam, adams_codes, code):
    browser, thief = Client(), Client()
    sign_in(browser, adam)
    thief.cookies["session"] = browser.session.session_key

    browser.post("/accounts/2fa/authenticate/", {"code": code()})

    assert is_in(browser)
    assert not is_in(thief)


def test_use_is_written_once_a_minute(here, django_assert_num_queries):
    as_if(here, unused=MINUTE * 3)
    here.get("/choose/", headers={"User-Agent": FIREFOX})
    row = UserSession.objects.get()
    before = row.last_seen_at

    here.get("/choose/", headers={"User-Agent": "another"})

    row.refresh_from_db()
    assert (row.last_seen_at, row.user_agent) == (before, FIREFOX)
    assert timezone.now() - before < MINUTE


def test_a_page_that_asks_for_news_by_itself_keeps_no_session_alive(here):
    as_if(here, unused=timedelta(hours=3))

    here.get("/t/acme/?seen=x", headers={"HX-Request": "true"})

    assert ends_in(here) < UNUSED - timedelta(hours=2)


def test_a_session_that_ended_meanwhile_is_not_brought_back_by_being_seen(here, adam):
    request = RequestFactory().get("/")
    request.session, request.user = SessionStore(here.session.session_key), adam
    request.session.load()
    Session.objects.all().delete()

    last_seen.note(request, timezone.now() + timedelta(hours=1))

    assert not Session.objects.exists()


def test_sessions_of_somebody_who_is_switched_off_are_gone_for_good(here, adam):
    adam.is_active = False
    adam.save(update_fields=["is_active"])
    adam.is_active = True
    adam.save(update_fields=["is_active"])

    assert not is_in(here)
    assert not Session.objects.exists()


def test_signing_out_leaves_no_row(here):
    here.post("/accounts/logout/")

    assert (Session.objects.count(), UserSession.objects.count()) == (0, 0)


def test_what_is_known_of_sessions_that_ended_is_tidied_away(here):
    call_command("clearsessions")
    Session.objects.all().delete()

    tasks.tidy()

    assert not UserSession.objects.exists()


def test_somebody_who_accepts_an_invitation_has_a_session_that_is_listed(acme):
    from tenants.models import Invitation
    from tenants.scope import tenant_scope

    with tenant_scope(acme):
        _, token = Invitation.issue(acme, "new@acme.example", "viewer", timezone.now())
    browser = Client()

    browser.post(f"/invitations/{acme.code}/{token}/", {"name": "New", "password": PASSWORD})

    assert UserSession.objects.get().user.email == "new@acme.example"
    assert is_in(browser, "/accounts/sessions/")


class TestTheList:
    PAGE = "/accounts/sessions/"

    @pytest.fixture
    def there(self, adam) -> Client:
        browser = Client(headers={"User-Agent": FIREFOX}, REMOTE_ADDR="192.0.2.44")
        sign_in(browser, adam)
        return browser

    def test_it_tells_each_with_its_browser_and_address_and_which_is_this_one(self, here, there):
        page = here.get(self.PAGE).content.decode()

        assert "Firefox on Linux" in page
        assert "from 192.0.2.44" in page
        assert page.count("This one") == 1

    def test_one_is_ended(self, here, there, adam):
        number = UserSession.objects.get(session_key=there.session.session_key).pk

        here.post(self.PAGE, {"session": number})

        assert (is_in(here), is_in(there)) == (True, False)

    def test_all_others_are_ended(self, here, there, adam):
        third = Client()
        sign_in(third, adam)

        here.post(self.PAGE)

        assert [is_in(browser) for browser in (here, there, third)] == [True, False, False]

    def test_nobody_sees_or_ends_anothers(self, here, alice):
        other = recently.sign_in(Client(), alice)
        number = UserSession.objects.get(session_key=here.session.session_key).pk

        page = other.get(self.PAGE).content.decode()
        answer = other.post(self.PAGE, {"session": number})

        assert "127.0.0.1" not in page
        assert answer.status_code == 303
        assert is_in(here)

    @pytest.mark.parametrize("number", ["x", "-1", "9" * 30, "1 or 1=1"])
    def test_a_number_that_is_none_is_no_session(self, here, number):
        assert here.post(self.PAGE, {"session": number}).status_code == 404

    def test_it_asks_for_the_password_first(self, client, adam):
        recently.sign_in(client, adam, seconds_ago=3600)

        assert client.get(self.PAGE)["Location"].startswith("/accounts/reauthenticate/")
        assert client.post(self.PAGE).status_code == 403
