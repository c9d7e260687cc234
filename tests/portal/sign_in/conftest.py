from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.test import Client

from portal.second_step_codes import STEP_SECONDS
from portal.second_step_secrets import secrets_of
from tests.factories import PASSWORD

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
LOGIN, CODE = "/accounts/login/", "/accounts/2fa/authenticate/"


@pytest.fixture
def quick(settings):
    """A hash that costs nothing, for those who try a thousand passwords."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def code(monkeypatch) -> Callable[..., str]:
    """`code()`: what the app shows now. `code(steps=1)`: what it shows half a minute later, which is now from then on."""
    began = time.time()
    moved = [0]
    monkeypatch.setattr("portal.second_step_codes.time.time", lambda: began + moved[0] * STEP_SECONDS)

    def show(*, steps: int = 0, secret: str = SECRET, ago: int = 0) -> str:
        moved[0] += steps
        return format_hotp_value(hotp_value(secret, int(began // STEP_SECONDS) + moved[0] - ago))

    return show


def second_step(person) -> list[str]:
    """With an app and recovery codes, which it returns."""
    with secrets_of(person.pk):
        TOTP.activate(person, SECRET)
        return RecoveryCodes.activate(person).generate_codes()


@pytest.fixture
def adams_codes(adam) -> list[str]:
    """Adam has a second step."""
    return second_step(adam)


def app_of(person) -> Authenticator:
    return Authenticator.objects.get(user=person, type=Authenticator.Type.TOTP)


def sign_in(browser: Client, person, password: str = PASSWORD, **fields):
    return browser.post(LOGIN, {"login": person.email, "password": password} | fields)


def is_in(browser: Client, page: str = "/choose/") -> bool:
    return browser.get(page).status_code == 200
