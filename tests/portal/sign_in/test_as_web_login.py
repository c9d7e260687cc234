"""All of it once more with the database login of production's web processes, which may do little else."""

from __future__ import annotations

import re
from html import unescape
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

from portal.local.visitor import opener
from tenants.models import User
from tests.factories import PASSWORD
from tests.portal.sign_in.conftest import app_of
from tests.portal.web_process import running_web

pytestmark = pytest.mark.django_db(transaction=True)
ENVIRONMENT = {"SECRET_KEY": "k" * 40, "EMAIL_URL": "smtp://127.0.0.1:9?from=portal@anycompany.example"}
NEW = "a horse that staples batteries"


class Browser:
    def __init__(self, address: str) -> None:
        self.address, self.opened = address, opener()

    def get(self, path: str) -> str:
        with self.opened.open(self.address + path, timeout=30) as answer:
            return answer.read().decode()

    def send(self, path: str, **fields: str) -> str:
        token = unescape(re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(path))[1])
        form = urlencode(fields | {"csrfmiddlewaretoken": token}).encode()
        request = Request(self.address + path, form, {"Referer": self.address + path})
        with self.opened.open(request, timeout=30) as answer:
            return answer.read().decode()


def test_somebody_signs_in_sets_up_a_second_step_changes_the_password_and_ends_sessions(adam, database_env, tmp_path):
    with running_web(database_env | ENVIRONMENT, tmp_path) as web:
        here, there = Browser(f"http://127.0.0.1:{web.port}"), Browser(f"http://127.0.0.1:{web.port}")
        web.get("/healthz")
        for browser in (here, there):
            browser.send("/accounts/login/", login=adam.email, password=PASSWORD)
        with_grace = here.get("/t/acme/")
        secret = "".join(re.search(r'<code class="pre">([A-Z2-7 ]+)</code>', here.get("/accounts/2fa/totp/activate/"))[1].split())
        picture = here.get("/accounts/2fa/totp/picture.svg")
        shown = _activate(here, secret)
        changed = here.send("/accounts/password/change/", oldpassword=PASSWORD, password1=NEW, password2=NEW)
        renamed = here.send("/accounts/", name="Adam A. Admin")
        listed = here.get("/accounts/sessions/")
        asked = there.send("/accounts/login/", login=adam.email, password=NEW)
        wrong = Browser(there.address).send("/accounts/login/", login=adam.email, password="not the password")
        reset = Browser(there.address).send("/accounts/password/reset/", email=adam.email)
        log = web.lines()

    person = User.objects.get(pk=adam.pk)
    assert "You need a second step" in with_grace
    assert "<svg" in picture
    assert shown.count("<li><code>") == 10
    assert "Your password is the new one" in changed
    assert "Your name was saved" in renamed
    assert listed.count("Last used") == 1
    assert "Enter your code" in asked
    assert "are not correct" in wrong
    assert "Look into your mail" in reset
    assert person.check_password(NEW)
    assert person.second_step_by is not None
    assert Authenticator.objects.filter(user=adam).count() == 2
    assert "last_step" in app_of(adam).data
    assert [line for line in log if line["level"] in ("ERROR", "CRITICAL")] == []


def _activate(browser: Browser, secret: str) -> str:
    """The form of a visit of its own would be of another secret: this one sends what the page that was read had."""
    token = browser.get("/accounts/")
    value = unescape(re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', token)[1])
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    path = browser.address + "/accounts/2fa/totp/activate/"
    request = Request(path, urlencode({"code": code, "csrfmiddlewaretoken": value}).encode(), {"Referer": path})
    try:
        with browser.opened.open(request, timeout=30) as answer:
            return answer.read().decode()
    except HTTPError as error:
        raise AssertionError(error.read().decode()) from error
