"""Who guesses is stopped, however many they are and however much at once; and nobody is kept out by those who guess."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from portal import accounts, limits, sign_in_audit, sign_in_limits
from portal.limits import TooMany
from tenants.models import AuditEvent
from tenants.scope import staff_scope, tenant_scope
from tests import recently
from tests.factories import PASSWORD, make_user
from tests.portal.sign_in.conftest import CODE, LOGIN, is_in, sign_in

pytestmark = pytest.mark.django_db
NOWHERE = "redis://127.0.0.1:9/0"
MANY, AT_ONCE = 1000, 8


@pytest.fixture
def victim(quick, adam):
    """With a password that is hashed in no time."""
    adam.set_password(PASSWORD)
    adam.save(update_fields=["password"])
    return adam


def guess(email: str, password: str = "not the password", *, address: str = "192.0.2.1", browser: Client | None = None) -> int:
    answer = (browser or Client()).post(LOGIN, {"login": email, "password": password}, REMOTE_ADDR=address)
    return answer.status_code


def address(number: int) -> str:
    return f"198.{18 + number // 65536}.{number // 256 % 256}.{number % 256}"


@pytest.fixture
def checked(monkeypatch) -> list[str]:
    """The passwords that were compared with somebody's hash, or would have been."""
    seen: list[str] = []
    real = accounts.authenticate

    def note(request, **credentials):
        seen.append(credentials["password"])
        return real(request, **credentials)

    monkeypatch.setattr(accounts, "authenticate", note)
    return seen


def test_of_a_thousand_passwords_for_one_account_from_a_thousand_addresses_twenty_are_looked_at(victim, checked):
    answers = Counter(guess(victim.email, f"guess {number}", address=address(number)) for number in range(MANY))

    assert answers == {200: sign_in_limits.ACCOUNT.most, 429: MANY - sign_in_limits.ACCOUNT.most}
    assert len(checked) == sign_in_limits.ACCOUNT.most


def test_of_a_thousand_accounts_from_one_address_thirty_are_looked_at(victim, checked):
    answers = Counter(guess(f"person{number}@acme.example") for number in range(MANY))

    assert answers == {200: sign_in_limits.ADDRESS.most, 429: MANY - sign_in_limits.ADDRESS.most}
    assert len(checked) == sign_in_limits.ADDRESS.most


def test_one_address_has_five_tries_at_one_account_and_does_not_use_up_those_of_others(victim, checked):
    answers = [guess(victim.email) for _ in range(10)]
    elsewhere = guess(victim.email, PASSWORD, address="203.0.113.9")

    assert answers == [200] * 5 + [429] * 5
    assert elsewhere == 302
    assert len(checked) == 6


@pytest.mark.django_db(transaction=True)
def test_tries_that_come_at_once_are_counted_each(victim):
    def come(number):
        try:
            return [guess(victim.email, address=address(number * 100 + turn)) for turn in range(15)]
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        answers = Counter(status for statuses in crowd.map(come, range(AT_ONCE)) for status in statuses)

    assert answers == {200: sign_in_limits.ACCOUNT.most, 429: AT_ONCE * 15 - sign_in_limits.ACCOUNT.most}


def test_the_right_password_is_refused_during_the_pause_and_taken_after_it(victim):
    for number in range(sign_in_limits.ACCOUNT.most):
        guess(victim.email, address=address(number))

    during = guess(victim.email, PASSWORD, address="203.0.113.9")
    with connection.cursor() as cursor:
        cursor.execute("update portal_cache set expires = expires - interval '5 minutes'")
    after = guess(victim.email, PASSWORD, address="203.0.113.9")

    assert (during, after) == (429, 302)


def test_strangers_do_not_keep_a_person_out_of_a_browser_they_signed_in_with_before(victim):
    own = Client()
    sign_in(own, victim)
    own.post("/accounts/logout/")
    for number in range(3 * sign_in_limits.ACCOUNT.most):
        guess(victim.email, address=address(number))

    assert guess(victim.email, PASSWORD, address="203.0.113.9") == 429
    assert guess(victim.email, PASSWORD, address="203.0.113.9", browser=own) == 302


def test_a_known_browser_guesses_no_further_than_others_and_knows_nobody_else(victim, alice):
    own = Client()
    sign_in(own, victim)
    own.post("/accounts/logout/")

    answers = [guess(victim.email, address=address(number), browser=own) for number in range(10)]
    for number in range(sign_in_limits.ACCOUNT.most):
        guess(alice.email, address=address(100 + number))

    assert answers == [200] * 5 + [429] * 5
    assert guess(alice.email, address="203.0.113.9", browser=own) == 429


def test_a_cookie_that_is_not_ours_is_no_known_browser(victim):
    forged = Client()
    forged.cookies["browser"] = "W1wiYVwiLFwiYlwiXQ:1:forged"
    for number in range(sign_in_limits.ACCOUNT.most):
        guess(victim.email, address=address(number))

    assert guess(victim.email, PASSWORD, browser=forged) == 429


def test_right_sign_ins_are_not_limited(victim):
    assert {guess(victim.email, PASSWORD) for _ in range(40)} == {302}


def test_a_right_sign_in_between_does_not_give_guesses_back(victim, quick):
    """Else whoever has an account of their own could guess on for ever from one address."""
    mine = make_user(email="mine@example.com")
    mine.set_password(PASSWORD)
    mine.save(update_fields=["password"])

    answers = [(guess(f"person{number}@acme.example"), guess(mine.email, PASSWORD))[0] for number in range(40)]

    assert answers == [200] * sign_in_limits.ADDRESS.most + [429] * (40 - sign_in_limits.ADDRESS.most)


@pytest.mark.parametrize("email", ["adam@acme.example", "nobody@acme.example"])
def test_the_pause_says_how_long_and_is_the_same_for_an_account_that_is_not_there(victim, email):
    for number in range(sign_in_limits.ACCOUNT.most):
        guess(email, address=address(number))

    answer = Client().post(LOGIN, {"login": email.upper(), "password": PASSWORD}, REMOTE_ADDR="203.0.113.9")

    assert (answer.status_code, answer["Retry-After"]) == (429, "300")
    assert "Please wait 5 minutes. You can try again at " in answer.content.decode()


def test_a_whole_network_of_ipv6_is_one_address(victim):
    answers = [guess(f"p{number}@acme.example", address=f"2001:db8:1:2::{number:x}") for number in range(1, 40)]

    assert answers.count(200) == sign_in_limits.ADDRESS.most


def test_codes_are_limited_for_a_person_whatever_addresses_they_come_from(client, victim, adams_codes):
    sign_in(client, victim)

    answers = [client.post(CODE, {"code": "000000"}, REMOTE_ADDR=address(number)).status_code for number in range(10)]

    assert answers == [200] * 5 + [429] * 5


def test_no_more_than_fifteen_codes_an_hour(client, victim, adams_codes):
    sign_in(client, victim)
    answers = []
    for _ in range(4):
        answers += [client.post(CODE, {"code": "000000"}).status_code for _ in range(6)]
        with connection.cursor() as cursor:
            cursor.execute("update portal_cache set expires = expires - interval '5 minutes'")
    last = client.post(CODE, {"code": "000000"})

    assert answers.count(200) == sign_in_limits.CODES_AN_HOUR.most
    assert (last.status_code, last["Retry-After"]) == (429, "3600")
    assert "Please wait 60 minutes" in last.content.decode()


@pytest.mark.parametrize(
    ("page", "fields"),
    [
        ("/accounts/reauthenticate/", {"password": "wrong"}),
        ("/accounts/password/change/", {"oldpassword": "wrong", "password1": "x" * 20, "password2": "x" * 20}),
    ],
)
def test_a_session_that_somebody_stole_guesses_no_password(client, victim, page, fields):
    recently.sign_in(client, victim)

    answers = [client.post(page, fields).status_code for _ in range(8)]

    assert answers == [200] * 5 + [429] * 3


def test_mails_to_reset_are_limited_by_account_and_by_address(victim):
    one = [Client().post("/accounts/password/reset/", {"email": victim.email}, REMOTE_ADDR=address(n)).status_code for n in range(5)]
    many = [Client().post("/accounts/password/reset/", {"email": f"p{n}@acme.example"}).status_code for n in range(25)]

    assert one == [302] * 3 + [429] * 2
    assert many == [302] * 20 + [429] * 5


def test_a_pause_is_told_once_to_the_company_however_many_run_into_it(victim, acme, ines):
    for number in range(sign_in_limits.ACCOUNT.most + 50):
        guess(victim.email, address=address(number))

    with tenant_scope(acme):
        rows = list(AuditEvent.objects.filter(action=sign_in_audit.PAUSED).values_list("actor", "after"))
    with staff_scope(ines):
        of_nobody = AuditEvent.objects.filter(action=sign_in_audit.PAUSED, tenant=None).count()
    assert rows == [(sign_in_audit.SOMEBODY, {"limit": sign_in_limits.ACCOUNT.name, "email": victim.email})]
    assert of_nobody == 1


def test_without_the_cache_nobody_signs_in_and_the_page_says_to_come_back(victim, settings):
    settings.CACHES = {"default": {"BACKEND": "portal.cache.CountingRedis", "LOCATION": NOWHERE}}
    browser = Client(raise_request_exception=False)

    answer = browser.post(LOGIN, {"login": victim.email, "password": PASSWORD})

    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert "We will be back in a moment" in answer.content.decode()
    assert not is_in(browser)


@pytest.mark.parametrize("page", ["/accounts/reauthenticate/", CODE, "/accounts/password/reset/"])
def test_without_the_cache_nothing_that_can_be_guessed_is_answered(victim, adams_codes, settings, page):
    browser = Client(raise_request_exception=False)
    if page == CODE:
        sign_in(browser, victim)
    else:
        recently.sign_in(browser, victim)
    settings.CACHES = {"default": {"BACKEND": "portal.cache.CountingRedis", "LOCATION": NOWHERE}}

    answer = browser.post(page, {"password": PASSWORD, "code": adams_codes[0], "email": victim.email})

    assert answer.status_code == 503


def test_what_is_counted_for_somebody_is_not_readable_in_the_cache(db):
    limits.use(sign_in_limits.ACCOUNT, "a password in the wrong field")

    with connection.cursor() as cursor:
        cursor.execute("select string_agg(cache_key, ' ') from portal_cache")
        assert "password" not in cursor.fetchone()[0]


def test_the_first_who_is_refused_is_told_from_the_later_ones(db):
    limit = limits.Limit("a test", 2, 60)
    told = []
    for _ in range(5):
        try:
            limits.use(limit, "somebody")
            told.append(None)
        except TooMany as error:
            told.append(error.first)

    assert told == [None, None, True, False, False]
