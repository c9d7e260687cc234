"""`@recently_authenticated`, on a view of its own in a URLconf of its own."""

from __future__ import annotations

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.html import escape

from portal.reauthentication import recently_authenticated
from portal.urls import urlpatterns as portals
from tests.factories import PASSWORD
from tests.recently import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@recently_authenticated
def sensitive(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"done {request.POST.get('reason', '')}")


urlpatterns = [path("sensitive/", sensitive), *portals]


def test_who_gave_a_password_a_moment_ago_is_not_asked(client, adam):
    sign_in(client, adam)

    assert client.get("/sensitive/").content == b"done "


@pytest.mark.parametrize("seconds_ago", [601, 3600])
def test_after_ten_minutes_a_page_asks_and_comes_back(client, adam, seconds_ago):
    sign_in(client, adam, seconds_ago=seconds_ago)

    asked = client.get("/sensitive/?page=2")
    page = client.get(asked["Location"])
    answered = client.post(asked["Location"], {"password": PASSWORD, "next": "/sensitive/?page=2"})

    assert asked["Location"] == "/accounts/reauthenticate/?next=%2Fsensitive%2F%3Fpage%3D2"
    assert 'name="next" value="/sensitive/?page=2"' in page.content.decode()
    assert (answered.status_code, answered["Location"]) == (302, "/sensitive/?page=2")
    assert client.get("/sensitive/").content == b"done "


def test_a_wrong_password_confirms_nothing(client, adam):
    sign_in(client, adam, seconds_ago=3600)

    answered = client.post("/accounts/reauthenticate/?next=/sensitive/", {"password": "wrong"})

    assert answered.status_code == 200
    assert client.get("/sensitive/").status_code == 302


def test_a_form_is_not_lost_and_nothing_was_done(client, adam):
    sign_in(client, adam, seconds_ago=3600)
    reason = '"quotes" & <b>'

    refused = client.post("/sensitive/", {"reason": reason, "password": "a secret of the form"})
    client.post("/accounts/reauthenticate/?next=/accounts/confirmed/", {"password": PASSWORD})
    again = client.post("/sensitive/", {"reason": "kept"})

    page = refused.content.decode()
    assert refused.status_code == 403
    assert "Nothing was done yet" in page
    assert f'name="reason" value="{escape(reason)}"' in page
    assert "a secret of the form" not in page
    assert again.content == b"done kept"


def test_the_confirmation_of_one_person_is_not_good_for_the_next_in_the_same_browser(client, adam, alice):
    sign_in(client, adam)

    client.force_login(alice)

    assert client.get("/sensitive/").status_code == 302


def test_somebody_who_is_not_signed_in_signs_in(client):
    assert client.get("/sensitive/")["Location"].startswith("/accounts/login/")
