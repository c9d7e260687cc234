"""Every answer carries the security headers, whatever it is about: pages, files, errors, health, the older API."""

from __future__ import annotations

import pytest
from django.test import Client, override_settings
from django.urls import path

from portal.urls import urlpatterns as product
from tests.factories import make_file, make_job, make_link

pytestmark = pytest.mark.django_db
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def fails(request):
    raise RuntimeError("a fault of ours")


urlpatterns = [*product, path("fails/", fails)]


def check(answer) -> None:
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("get", "/accounts/login/", 200),
        ("get", "/", 302),
        ("get", "/t/acme/", 302),
        ("get", "/nowhere", 404),
        ("get", "/d/AAAAAAAA/unknown", 404),
        ("delete", "/accounts/login/", 405),
        ("get", "/healthz", 200),
        ("get", "/readyz", 503),
        ("get", "/metrics", 404),
        ("get", "/static/portal/portal.css", 200),
        ("get", "/static/portal/nothing.css", 404),
        ("get", "/qs-anonymous-snapshot", 403),
        ("get", "/Prod/qs-anonymous-snapshot/nowhere", 403),
    ],
)
def test_a_stranger_gets_them(client, method, address, status):
    answer = getattr(client, method)(address)
    answer.close()

    assert answer.status_code == status
    check(answer)


@pytest.mark.parametrize(("address", "status"), [("/t/acme/", 200), ("/t/acme/jobs/", 200), ("/t/globex/", 404), ("/choose/", 200)])
def test_a_member_gets_them(client, acme, adam, address, status):
    client.force_login(adam)

    answer = client.get(address)

    assert answer.status_code == status
    check(answer)


@pytest.mark.urls(__name__)
def test_a_fault_of_ours_gets_them_and_says_only_an_id():
    answer = Client(raise_request_exception=False).get("/fails/", headers={"accept": "text/html"})

    assert answer.status_code in (302, 500)
    check(answer)


def test_a_host_that_is_not_ours_gets_them(client):
    answer = client.get("/healthz", headers={"host": "evil.example"})

    assert answer.status_code in (200, 400)
    check(answer)


def test_a_forged_form_gets_them(acme, adam):
    client = Client(enforce_csrf_checks=True)
    client.force_login(adam)

    answer = client.post("/t/acme/reports/daily-calls/run/", {"formats": "PDF"})

    assert answer.status_code == 403
    check(answer)


def test_a_download_page_keeps_its_address_to_itself(client, acme):
    job = make_job(tenant=acme, status="completed")
    make_file(job=job)
    _link, token = make_link(job=job)

    answer = client.get(f"/d/{acme.code}/{token}")

    check(answer)
    # Not no-referrer: browsers then send "Origin: null" with the button's POST, which is refused as forged.
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in answer.headers["Cache-Control"]
    assert "noindex" in answer.headers["X-Robots-Tag"]


def test_over_https_the_browser_is_told_to_stay_there(client):
    with override_settings(SECURE_HSTS_SECONDS=63072000, SECURE_HSTS_INCLUDE_SUBDOMAINS=True):
        answer = client.get("/healthz", secure=True)

    assert answer.headers["Strict-Transport-Security"].startswith("max-age=63072000; includeSubDomains")


def test_unknown_addresses_inside_the_portal_are_not_redirected_for_a_slash(client):
    assert client.get("/accounts/login").status_code == 404
