"""Pages speak the language that somebody chose, else what their browser asks for, else English. Staff pages and APIs stay English."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from reports import notices
from reports.models import Notice
from tenants.models import User
from tenants.scope import tenant_scope
from tests.recently import sign_in

pytestmark = pytest.mark.django_db
GERMAN, FRENCH = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}, {"Accept-Language": "fr"}


def lang(response) -> str:
    return response.content.decode().partition('<html lang="')[2][:2]


def choose(client: Client, language: str):
    return client.post("/language/", {"language": language, "next": "/accounts/"})


def test_a_page_is_in_what_the_browser_asks_for_and_else_in_english(as_adam):
    assert lang(as_adam.get("/t/acme/")) == "en"
    assert lang(as_adam.get("/t/acme/", headers=GERMAN)) == "de"
    assert lang(as_adam.get("/t/acme/", headers=FRENCH)) == "en"


def test_what_a_person_chose_goes_before_the_browser_and_comes_along_to_another_one(as_adam, adam):
    chosen = choose(as_adam, "de")
    other = Client()
    sign_in(other, adam)

    assert (chosen.status_code, chosen["Location"]) == (303, "/accounts/")
    assert User.objects.get(pk=adam.pk).language == "de"
    assert lang(other.get("/t/acme/", headers=FRENCH)) == "de"


def test_it_says_that_it_was_saved_in_the_language_of_the_page_that_says_so(as_adam):
    choose(as_adam, "de")
    german = as_adam.get("/accounts/", headers=FRENCH).content.decode()
    choose(as_adam, "")
    english = as_adam.get("/accounts/", headers=FRENCH).content.decode()

    assert "Ihre Sprache wurde gespeichert." in german
    assert "Your language was saved." in english


def test_a_person_who_takes_the_choice_back_gets_what_the_browser_asks_for(as_adam, adam):
    choose(as_adam, "de")
    choose(as_adam, "")

    assert lang(as_adam.get("/t/acme/")) == "en"
    assert lang(as_adam.get("/t/acme/", headers=GERMAN)) == "de"


def test_before_signing_in_a_choice_is_kept_in_the_browser(client):
    choose(client, "de")

    assert client.cookies["language"]["httponly"]
    assert lang(client.get("/accounts/login/")) == "de"
    assert lang(client.get("/no/such/page/")) == "de"


def test_a_persons_own_choice_goes_before_that_of_the_browser_they_sit_at(client, adam):
    User.objects.filter(pk=adam.pk).update(language="en")
    choose(client, "de")
    sign_in(client, adam)

    assert lang(client.get("/t/acme/")) == "en"


@pytest.mark.parametrize("wished", ["fr", "de-AT", "../de", "x" * 300])
def test_a_language_that_there_is_not_is_not_kept(as_adam, adam, wished):
    answer = choose(as_adam, wished)

    assert answer.status_code == 303
    assert "language" not in answer.cookies
    assert User.objects.get(pk=adam.pk).language == ""


def test_staff_pages_are_english_whatever_was_chosen(client, ines):
    User.objects.filter(pk=ines.pk).update(language="de")
    sign_in(client, ines)

    assert lang(client.get("/staff/tenants/", headers=GERMAN)) == "en"
    assert lang(client.get("/staff/nothing/", headers=GERMAN)) == "en"


def test_programs_are_answered_in_english(client):
    v1 = client.get("/api/v1/jobs/", headers=GERMAN)
    older = client.get("/dev/qs-anonymous-snapshot/board/", headers=GERMAN)

    assert (v1.status_code, v1.json()["detail"]) == (401, client.get("/api/v1/jobs/").json()["detail"])
    assert older.json() == client.get("/dev/qs-anonymous-snapshot/board/").json()
    assert "Accept-Language" not in v1.get("Vary", "")


def test_caches_are_told_what_a_page_depends_on(client):
    vary = client.get("/accounts/login/")["Vary"]

    assert "Accept-Language" in vary
    assert "Cookie" in vary


def test_an_error_is_told_in_the_readers_language(as_adam):
    missing = as_adam.get("/t/nobody/", headers=GERMAN)

    assert missing.status_code == 404
    assert lang(missing) == "de"


def test_a_members_mail_is_in_the_language_of_the_member_and_else_in_the_companys(acme, adam):
    def asked(key: str) -> str:
        return notices.ask_for(acme, Notice.Kind.QUOTA, key, adam.email, now=timezone.now(), data={"quota": "jobs"})[0].language

    with tenant_scope(acme):
        before = asked("first")
    User.objects.filter(pk=adam.pk).update(language="de")
    with tenant_scope(acme):
        after = asked("second")

    assert (before, after) == ("en", "de")
