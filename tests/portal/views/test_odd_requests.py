"""Requests that no browser of a friend sends: each gets an answer, none a fault of ours."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client

from portal.sessions import SessionStore
from reports.models import Download
from tenants.scope import tenant_scope

pytestmark = pytest.mark.django_db
TOKEN = "x" * 43
CODES = ["%00", "ABCD234%00", "ABCD2345%00", "abcd2345", "ABCD23456", "ABCD234%ED%A0%80", "ÄBCD2345", "%F0%9F%98%80" * 8, "A" * 2000]


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("address", ["/d/{}/{}", "/invitations/{}/{}/"])
def test_a_code_that_is_none_is_not_found(address, code, method, client):
    assert getattr(client, method)(address.format(code, TOKEN)).status_code == 404


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("token", ["%00", f"{TOKEN[:-1]}%00", "%ED%A0%80", "a" * 5000])
@pytest.mark.parametrize("address", ["/d/{}/{}", "/invitations/{}/{}/"])
def test_a_token_that_is_none_is_not_found(address, token, method, client, acme):
    assert getattr(client, method)(address.format(acme.code, token)).status_code == 404


@pytest.mark.parametrize(
    "cookie",
    ['"{}\\000"', '"\\000"', '"\\000{}"', "{}A", "{}{}", '"{}\\012"', "é" * 32, "../" * 10, "", '"\\\'; drop table"'],
    ids=["NUL behind", "NUL", "NUL before", "33 characters", "64", "line break", "letters", "path", "empty", "quotes"],
)
def test_a_session_cookie_that_is_none_of_ours_is_no_session(cookie, acme, adam):
    browser = Client()
    browser.force_login(adam)
    key = browser.session.session_key

    answer = Client().get("/t/acme/", headers={"cookie": f"{settings.SESSION_COOKIE_NAME}={cookie.replace('{}', key)}"})

    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


def test_a_session_cookie_of_ours_is_a_session(acme, adam):
    browser = Client()
    browser.force_login(adam)
    key = browser.session.session_key

    answer = Client().get("/t/acme/", headers={"cookie": f"{settings.SESSION_COOKIE_NAME}={key}"})

    assert answer.status_code == 200
    assert SessionStore(key).exists(key)
    assert Session.objects.filter(session_key=key).exists()


def test_the_database_is_not_asked_about_a_key_that_is_none(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert dict(SessionStore("a" * 31 + "\0").items()) == {}


# Forms are UTF-8 (URL Standard, 5.1); Django says so with an error.
UNREADABLE = "application/x-www-form-urlencoded; charset=utf-16"


@pytest.mark.parametrize("checks_forgery", [False, True])
@pytest.mark.parametrize("path", ["/accounts/login/", "/theme/"])
def test_a_form_that_cannot_be_read_is_a_bad_request(path, checks_forgery, db):
    browser = Client(enforce_csrf_checks=checks_forgery)
    browser.get("/accounts/login/")

    answer = browser.generic("POST", path, b"login=adam%40acme.example", content_type=UNREADABLE)

    assert answer.status_code == 400
    assert "<title>" in answer.content.decode()


def test_a_form_that_cannot_be_read_gives_no_download(client, link, ready_job):
    answer = client.generic("POST", link[1], b"view=1", content_type=UNREADABLE)

    assert answer.status_code == 400
    with tenant_scope(ready_job.tenant):
        assert not Download.objects.exists()


def test_a_charset_that_nobody_knows_is_read_as_utf_8(client):
    answer = client.generic("POST", "/theme/", b"theme=dark", content_type="application/x-www-form-urlencoded; charset=no-such")

    assert answer.status_code == 303
    assert answer.cookies["theme"].value == "dark"


def test_an_address_with_a_scope_is_written_down_without_it(aws, client, link, ready_job, settings, stored):
    settings.TRUSTED_PROXY_HOPS = 1

    answer = client.post(link[1], headers={"X-Forwarded-For": f"192.0.2.1, fe80::1%{'x' * 300}\\"})

    assert answer.status_code == 303
    with tenant_scope(ready_job.tenant):
        assert Download.objects.get().ip == "fe80::1"
