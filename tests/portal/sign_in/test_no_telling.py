"""No answer tells whether an address has an account: same status, same headers, same page to the byte but for what guards forms."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db
KNOWN, UNKNOWN, INACTIVE = "adam@acme.example", "nils@acme.example", "gone@acme.example"
TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="[^"]+"')


@pytest.fixture(autouse=True)
def people(adam):
    make_user(email=INACTIVE, is_active=False)


def asked(path: str, fields: dict[str, str], email: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and page, without tokens, ids and the clock, and with whatever was typed taken out."""
    answer = Client().post(path, fields | {name: email for name in ("login", "email") if name not in fields})
    headers = {name: value for name, value in answer.headers.items() if name not in ("X-Request-Id", "Expires")}
    return answer.status_code, headers, TOKEN.sub(b"", answer.content).replace(email.encode(), b"")


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/accounts/login/", {"password": "not the password"}),
        ("/accounts/login/", {"password": "x" * 2000}),
        ("/accounts/login/", {"password": ""}),
        ("/accounts/password/reset/", {}),
        ("/accounts/2fa/authenticate/", {"code": "123456"}),
    ],
)
@pytest.mark.parametrize("other", [UNKNOWN, INACTIVE])
def test_an_address_without_an_account_is_answered_as_one_with(path, fields, other):
    assert asked(path, fields, KNOWN) == asked(path, fields, other)


def test_the_right_password_of_an_account_that_was_switched_off_is_a_wrong_one():
    wrong = asked("/accounts/login/", {"password": "not the password"}, UNKNOWN)

    assert asked("/accounts/login/", {"password": PASSWORD}, INACTIVE) == wrong


@pytest.mark.parametrize("email", [KNOWN, UNKNOWN, INACTIVE])
def test_a_password_is_hashed_whether_there_is_somebody_or_not(email, monkeypatch):
    hashed = []
    from django.contrib.auth.hashers import Argon2PasswordHasher

    verify, encode = Argon2PasswordHasher.verify, Argon2PasswordHasher.encode
    monkeypatch.setattr(Argon2PasswordHasher, "verify", lambda self, *given: hashed.append(1) or verify(self, *given))
    monkeypatch.setattr(Argon2PasswordHasher, "encode", lambda self, *given: hashed.append(1) or encode(self, *given))

    Client().post("/accounts/login/", {"login": email, "password": "not the password"})

    assert hashed == [1]


@pytest.mark.parametrize("email", [KNOWN, UNKNOWN, INACTIVE])
def test_to_send_a_mail_costs_one_message_to_the_worker_whether_there_is_somebody_or_not(email, django_capture_on_commit_callbacks):
    from django_q.models import OrmQ

    with django_capture_on_commit_callbacks(execute=True):
        Client().post("/accounts/password/reset/", {"email": email})

    assert OrmQ.objects.count() == 1


def test_an_address_of_an_invitation_that_is_not_there_tells_nothing(acme):
    unknown = Client().get(f"/invitations/{acme.code}/{'x' * 43}/")
    nowhere = Client().get(f"/invitations/AAAAAAAA/{'x' * 43}/")

    assert unknown.status_code == nowhere.status_code == 404
