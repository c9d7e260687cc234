"""Codes of authenticator apps and recovery codes: when they are asked for, and that each is good once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.db import connection
from django.test import Client

from portal.second_step_codes import accepted
from tenants.encryption import Unreadable
from tests import recently
from tests.portal.sign_in.conftest import CODE, app_of, is_in, second_step, sign_in

pytestmark = pytest.mark.django_db
AT_ONCE = 8


def test_whoever_has_a_second_step_is_not_in_by_the_password_alone(client, adam, adams_codes):
    answer = sign_in(client, adam, next="/t/acme/jobs/")

    assert (answer.status_code, answer["Location"]) == (302, CODE)
    assert not is_in(client)
    assert "Signing in as adam@acme.example" in client.get(CODE).content.decode()


def test_the_code_lets_in_and_leads_where_the_person_wanted(client, adam, adams_codes, code):
    sign_in(client, adam, next="/t/acme/jobs/")
    before = client.session.session_key

    answer = client.post(CODE, {"code": code()})

    assert (answer.status_code, answer["Location"]) == (302, "/t/acme/jobs/")
    assert is_in(client)
    assert client.session.session_key != before


@pytest.mark.parametrize("typed", ["000000", "", "12345", "١٢٣٤٥٦", "x" * 500, "\0"])
def test_a_wrong_code_lets_nobody_in(client, adam, adams_codes, typed):
    sign_in(client, adam)

    answer = client.post(CODE, {"code": typed})

    assert answer.status_code == 200
    assert not is_in(client)


def test_a_form_without_a_code_is_not_taken_for_a_passkeys(client, adam, adams_codes):
    sign_in(client, adam)

    answer = client.post(CODE, {"credential": "{}"})

    assert answer.status_code == 200
    assert not is_in(client)


def test_nobody_gets_to_the_code_without_the_password(client, adam, adams_codes, code):
    assert client.get(CODE)["Location"] == "/accounts/login/"
    assert client.post(CODE, {"code": code()})["Location"] == "/accounts/login/"
    assert not is_in(client)


def test_a_code_is_good_once_also_when_the_cache_forgot(client, adam, adams_codes, code):
    now = code()
    sign_in(client, adam)
    client.post(CODE, {"code": now})
    thief = Client()
    sign_in(thief, adam)
    cache.clear()

    answer = thief.post(CODE, {"code": now})

    assert "it was used before" in answer.content.decode()
    assert not is_in(thief)


def test_the_code_of_a_moment_ago_is_right_until_a_later_one_was_used(adam, adams_codes, code):
    assert accepted(adam, code(ago=1)) is not None
    assert accepted(adam, code(ago=1)) is None
    assert accepted(adam, code()) is not None
    assert accepted(adam, code(steps=1, ago=1)) is None
    assert accepted(adam, code(ago=2)) is None


def test_a_recovery_code_is_good_once_and_is_one_fewer(client, adam, adams_codes):
    sign_in(client, adam)

    answer = client.post(CODE, {"code": adams_codes[0]})

    assert answer.status_code == 302
    assert accepted(adam, adams_codes[0]) is None
    assert accepted(adam, adams_codes[1]) is not None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["app", "recovery"])
def test_of_those_who_come_with_one_code_at_once_one_gets_in(adam, adams_codes, code, kind):
    typed = code() if kind == "app" else adams_codes[3]

    def come(_):
        try:
            return accepted(adam, typed) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        let_in = list(crowd.map(come, range(AT_ONCE)))

    assert sorted(let_in) == [False] * (AT_ONCE - 1) + [True]


def test_nothing_secret_of_it_is_readable_in_the_database(adam, adams_codes):
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))

    assert "JBSWY3DP" not in kept
    assert not [one for one in adams_codes if one in kept]


def test_a_secret_that_is_copied_to_another_person_opens_nothing(adam, alice, adams_codes, code):
    second_step(alice)
    Authenticator.objects.filter(user=alice, type="totp").update(data=app_of(adam).data)

    with pytest.raises(Unreadable):
        accepted(alice, code())


class TestSettingItUp:
    SET_UP = "/accounts/2fa/totp/activate/"

    @pytest.fixture
    def here(self, client, adam):
        return recently.sign_in(client, adam)

    def key_of(self, page) -> str:
        return "".join(page.context["secret"])

    def test_it_needs_a_password_of_the_last_ten_minutes(self, client, adam):
        recently.sign_in(client, adam, seconds_ago=3600)

        assert client.get(self.SET_UP)["Location"].startswith("/accounts/reauthenticate/")

    def test_the_code_of_the_key_that_was_shown_turns_it_on_and_recovery_codes_follow(self, here, adam, code):
        secret = self.key_of(here.get(f"{self.SET_UP}?next=/t/acme/jobs/"))

        answer = here.post(self.SET_UP, {"code": code(secret=secret), "next": "/t/acme/jobs/"})
        page = here.get(answer["Location"]).content.decode()

        assert answer["Location"] == "/accounts/2fa/recovery-codes/?next=%2Ft%2Facme%2Fjobs%2F"
        assert page.count("<li><code>") == 10
        assert 'href="/t/acme/jobs/"' in page
        assert accepted(adam, code(secret=secret)) is None, "the code that turned it on is used"
        assert accepted(adam, code(steps=1, secret=secret)) is not None

    def test_a_wrong_code_leaves_it_off_and_the_key_as_it_was(self, here, adam, code):
        secret = self.key_of(here.get(self.SET_UP))

        answer = here.post(self.SET_UP, {"code": "000000"})

        assert answer.status_code == 200
        assert self.key_of(answer) == secret
        assert not Authenticator.objects.exists()

    def test_the_key_waits_in_the_session_encrypted(self, here):
        secret = self.key_of(here.get(self.SET_UP))

        assert secret not in str(dict(here.session.items()))

    def test_the_picture_is_a_file_of_its_own_that_is_never_kept(self, here):
        here.get(self.SET_UP)

        answer = here.get("/accounts/2fa/totp/picture.svg")

        assert answer["Content-Type"] == "image/svg+xml"
        assert answer["Cache-Control"] == "no-store"
        assert b"<svg" in answer.content
        assert b"<script" not in answer.content
        assert b"style=" not in answer.content

    def test_all_other_sessions_end_and_this_one_goes_on(self, here, adam, code):
        other = Client()
        sign_in(other, adam)
        secret = self.key_of(here.get(self.SET_UP))

        here.post(self.SET_UP, {"code": code(secret=secret)})

        assert is_in(here)
        assert not is_in(other)

    def test_a_second_one_is_not_set_up_beside_it(self, here, adam, adams_codes):
        assert here.get(self.SET_UP)["Location"] == "/accounts/2fa/totp/deactivate/"


class TestRemovingIt:
    REMOVE = "/accounts/2fa/totp/deactivate/"

    def test_app_and_recovery_codes_are_gone_and_other_sessions_end(self, client, adam, adams_codes, code):
        other = Client()
        sign_in(other, adam)
        other.post(CODE, {"code": code()})
        recently.sign_in(client, adam, with_code=True)

        answer = client.post(self.REMOVE)

        assert answer.status_code == 302
        assert not Authenticator.objects.exists()
        assert is_in(client)
        assert not is_in(other)

    def test_a_visit_removes_nothing(self, client, adam, adams_codes):
        recently.sign_in(client, adam)

        assert client.get(self.REMOVE).status_code == 200
        assert Authenticator.objects.count() == 2

    def test_new_recovery_codes_take_the_place_of_the_old_ones(self, client, adam, adams_codes):
        recently.sign_in(client, adam)

        client.post("/accounts/2fa/recovery-codes/generate/")
        page = client.get("/accounts/2fa/recovery-codes/").content.decode()

        assert page.count("<li><code>") == 10
        assert adams_codes[0] not in page
        assert accepted(adam, adams_codes[0]) is None

    @pytest.mark.parametrize("page", ["recovery-codes/", "recovery-codes/generate/", "totp/deactivate/", "totp/picture.svg"])
    def test_what_shows_or_changes_secrets_asks_for_the_password_first(self, client, adam, adams_codes, page):
        recently.sign_in(client, adam, seconds_ago=3600)

        assert client.get(f"/accounts/2fa/{page}")["Location"].startswith("/accounts/reauthenticate/")

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_somebody_without_a_second_step_has_no_recovery_codes(self, client, adam, method):
        recently.sign_in(client, adam)

        assert client.get("/accounts/2fa/recovery-codes/").status_code == 404
        assert getattr(client, method)("/accounts/2fa/recovery-codes/generate/").status_code in (200, 302)
        assert not Authenticator.objects.exists()


def test_a_code_confirms_that_it_is_still_the_person(client, adam, adams_codes, code):
    recently.sign_in(client, adam, seconds_ago=3600, with_code=True)

    answer = client.post("/accounts/2fa/reauthenticate/?next=/accounts/sessions/", {"code": code(), "next": "/accounts/sessions/"})

    assert answer["Location"] == "/accounts/sessions/"
    assert is_in(client, "/accounts/sessions/")


def test_what_the_portal_does_not_have_is_not_served(client, adam):
    recently.sign_in(client, adam)
    elsewhere = [
        "signup/",
        "email/",
        "2fa/webauthn/",
        "2fa/webauthn/add/",
        "2fa/webauthn/login/",
        "2fa/recovery-codes/download/",
        "social/",
    ]

    assert {client.get(f"/accounts/{path}").status_code for path in elsewhere} == {404}
