from __future__ import annotations

from contextlib import suppress

import pytest
from django.db import OperationalError
from django.test import RequestFactory

from portal.views.errors import server_error


def answer(error: Exception, path: str = "/", **headers: str):
    request = RequestFactory().get(path, headers=headers)
    request.request_id = "3f6c"
    response = None
    with suppress(type(error)):
        try:
            raise error
        except type(error):
            response = server_error(request)
            raise
    return response


def test_a_surprise_shows_an_id_and_no_details():
    response = answer(ValueError("secret detail"))

    assert response.status_code == 500
    assert "<code>3f6c</code>" in response.content.decode()
    assert "secret detail" not in response.content.decode()


def test_a_database_that_does_not_answer_is_worth_another_try():
    response = answer(OperationalError("connection refused"))

    assert response.status_code == 503
    assert (response["Retry-After"], response["Refresh"]) == ("30", "30")
    assert "connection refused" not in response.content.decode()


@pytest.mark.parametrize("error", [ValueError("a surprise"), OperationalError("gone")])
def test_they_are_in_the_browsers_language_where_nobody_could_be_looked_up_but_staffs_are_english(error):
    german = {"accept-language": "de"}

    assert "Noch einmal versuchen" in answer(error, "/t/acme/", **german).content.decode()
    assert "Try again" in answer(error, "/staff/", **german).content.decode()


@pytest.mark.parametrize("error", [ValueError("a surprise"), OperationalError("gone")])
def test_they_lead_to_the_status_and_to_somebody_to_write_to(error, settings):
    settings.PORTAL_SUPPORT_EMAIL = "support@anycompany.example"

    page = answer(error).content.decode()

    assert 'href="/status/"' in page
    assert 'href="mailto:support@anycompany.example"' in page


def test_where_there_is_nobody_to_write_to_none_is_named(settings):
    settings.PORTAL_SUPPORT_EMAIL = ""

    assert "mailto:" not in answer(ValueError()).content.decode()


@pytest.mark.django_db
def test_who_may_not_open_a_page_is_told_whom_to_ask(client, alice, olga):
    client.force_login(alice)

    refused = client.get("/t/acme/settings/keys/")

    page = refused.content.decode()
    assert refused.status_code == 403
    assert "Your role for Acme Hotels is Viewer." in page
    assert f'href="mailto:{olga.email}"' in page
    assert f"Ask {olga.name}" in page


@pytest.mark.django_db
def test_where_there_is_no_owner_nobody_is_named(client, alice):
    client.force_login(alice)

    assert "mailto:" not in client.get("/t/acme/settings/keys/").content.decode()


@pytest.mark.django_db
def test_an_address_that_is_not_there_answers_in_our_own_look(client):
    response = client.get("/no/such/page/")

    assert response.status_code == 404
    assert "We cannot find this page" in response.content.decode()
