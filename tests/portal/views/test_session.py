from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import PASSWORD, make_member, make_user

pytestmark = pytest.mark.django_db


def told_by_form(response) -> dict:
    """Why the form is shown again, so that a failure of the test says it."""
    return response.context["form"].errors if "form" in (response.context or {}) else {}


def test_a_person_of_one_company_goes_straight_to_it(as_adam):
    response = as_adam.get("/")

    assert response.status_code == 302
    assert response["Location"] == "/t/acme/"


def test_a_person_of_two_companies_chooses(as_adam, adam, globex):
    make_member(tenant=globex, user=adam, role="viewer")

    assert as_adam.get("/")["Location"] == "/choose/"
    page = as_adam.get("/choose/").content.decode()
    assert "You belong to 2 companies." in page
    assert page.index("/t/acme/") < page.index("/t/globex/")


def test_a_person_of_no_company_is_told_whom_to_ask(client):
    client.force_login(make_user())

    page = client.get("/choose/").content.decode()

    assert "No company has invited you yet" in page


def test_somebody_signs_in_and_lands_where_they_wanted(client, adam):
    wanted = client.get("/t/acme/jobs/")
    page = client.get(wanted["Location"])
    fields = {"login": adam.email.upper(), "password": PASSWORD, "next": "/t/acme/jobs/"}

    response = client.post("/accounts/login/", fields)

    assert "Sign in" in page.content.decode()
    assert 'name="next" value="/t/acme/jobs/"' in page.content.decode()
    assert (response.status_code, told_by_form(response)) == (302, {})
    assert response["Location"] == "/t/acme/jobs/"


@pytest.mark.parametrize("email", ["adam@acme.example", "nobody@acme.example"])
def test_a_wrong_sign_in_never_tells_whether_the_address_exists(client, adam, email):
    response = client.post("/accounts/login/", {"login": email, "password": "not the password"})

    assert response.status_code == 200
    assert "The email address and/or password you specified are not correct." in response.content.decode()


def test_signing_out_takes_a_button_not_a_visit(as_adam):
    visit = as_adam.get("/accounts/logout/")
    still_in = as_adam.get("/t/acme/").status_code
    pressed = as_adam.post("/accounts/logout/")

    assert (visit.status_code, still_in) == (200, 200)
    assert pressed.status_code == 302
    assert as_adam.get("/t/acme/")["Location"].startswith("/accounts/login/")


def test_the_theme_is_kept_without_script_and_drawn_by_the_server(as_adam):
    response = as_adam.post("/theme/", {"theme": "dark", "next": "/t/acme/jobs/"})

    assert response.status_code == 303
    assert response["Location"] == "/t/acme/jobs/"
    assert 'data-theme="dark"' in as_adam.get("/t/acme/jobs/").content.decode()


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_the_theme_form_never_leads_away_from_the_portal(as_adam, back):
    response = as_adam.post("/theme/", {"theme": "dark", "next": back})

    assert response["Location"] == "/"


def test_an_unknown_theme_is_not_kept(as_adam):
    response = as_adam.post("/theme/", {"theme": "purple", "next": "/"})

    assert "theme" not in response.cookies


def test_a_form_from_elsewhere_is_refused_in_our_own_words(adam):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(adam)

    response = browser.post("/theme/", {"theme": "dark"})

    assert response.status_code == 403
    assert "This form is out of date" in response.content.decode()
