"""The page of API keys: the secret is shown in the answer to the form, and nowhere else and never again."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tenants import key_use, keys
from tenants.audit import Actor
from tenants.key_use import RevokedKey
from tenants.models import ApiKey, AuditEvent, Membership
from tenants.scope import tenant_scope
from tests.factories import make_api_key
from tests.recently import sign_in

pytestmark = pytest.mark.django_db
KEYS = "/t/acme/settings/keys/"
NEW = f"{KEYS}new/"
SECRET = re.compile(r"fan_[A-Z2-7]{8}_[\w-]{43}")
FORM = {"name": "data-lake", "scopes": ["jobs:write"], "lasts": "365"}


def secrets(response):
    return SECRET.findall(response.content.decode())


def live(tenant):
    with tenant_scope(tenant):
        return list(ApiKey.objects.usable(timezone.now()).filter(tenant=tenant).order_by("created_at"))


def made_by(tenant, person, **wanted):
    with tenant_scope(tenant):
        return keys.create(
            tenant, person, Actor(person.email), keys.Wanted(**{"name": "crm", "scopes": ["jobs:read"]} | wanted), now=timezone.now()
        )


def test_a_new_key_is_shown_in_the_answer_and_works(as_adam, acme):
    response = as_adam.post(NEW, FORM)

    (secret,) = secrets(response)
    found = key_use.look_up(secret, timezone.now(), None)
    assert response.status_code == 200
    assert (found.key.name, found.scopes) == ("data-lake", {"jobs:read", "jobs:write"})
    assert "http://127.0.0.1:8000/api/v1/me/" in response.content.decode()


def test_it_is_kept_nowhere(as_adam, acme, json_log, adam):
    response = as_adam.post(NEW, FORM)

    (secret,) = secrets(response)
    kept = [str(dict(session.get_decoded())) for session in Session.objects.all()]
    with tenant_scope(acme):
        kept += [str(event.__dict__) for event in AuditEvent.objects.filter(tenant=acme)]
        kept += [str(key.__dict__) for key in ApiKey.objects.filter(tenant=acme)]
    kept += [str(cookie) for cookie in response.cookies.values()] + [str(line) for line in json_log()]
    assert len(kept) > 3
    assert [text for text in kept if secret in text or secret.split("_", 2)[2] in text] == []
    assert response["Cache-Control"] == "no-store"


def test_neither_the_list_nor_the_form_sent_again_shows_it(as_adam, acme):
    (secret,) = secrets(as_adam.post(NEW, FORM))

    again = as_adam.post(NEW, FORM)
    shown = as_adam.get(KEYS)

    assert again.status_code == 422
    assert "replace that one" in again.content.decode()
    assert secrets(again) == secrets(shown) == []
    assert secret[-4:] in shown.content.decode()
    assert len(live(acme)) == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "x" * 81}, "at most 80 characters"),
        ({"scopes": []}, "This field is required"),
        ({"scopes": ["proof:read"]}, "Select a valid choice"),
        ({"scopes": ["jobs:delete"]}, "Select a valid choice"),
        ({"lasts": "9999"}, "Select a valid choice"),
        ({"lasts": "0"}, "Select a valid choice"),
        ({"lasts": ""}, "This field is required"),
        ({"created_by": "1", "tenant": "2", "expires_at": "", "name": "a\0b"}, "Null characters are not allowed"),
    ],
)
def test_what_a_key_cannot_be_is_said_at_its_place(as_adam, acme, changes, sentence):
    response = as_adam.post(NEW, FORM | changes)

    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert live(acme) == []


def test_owners_alone_are_offered_the_reading_of_proofs(as_adam, olga):
    as_olga = sign_in(Client(), olga)

    assert "Read proofs" not in as_adam.get(NEW).content.decode()
    assert "Read proofs" in as_olga.get(NEW).content.decode()


def test_viewers_see_no_keys_and_make_none(as_alice, acme):
    key, _ = make_api_key(tenant=acme)

    answers = [as_alice.get(KEYS), as_alice.post(NEW, FORM), as_alice.post(f"{KEYS}{key.pk}/revoke/"), as_alice.get("/t/acme/")]

    assert [answer.status_code for answer in answers] == [403, 403, 403, 200]
    assert "API keys" not in answers[3].content.decode()
    assert len(live(acme)) == 1


def test_who_gave_no_password_for_a_while_is_asked_for_it_before_a_secret_is_made(acme, adam):
    browser = sign_in(Client(), adam, seconds_ago=11 * 60)
    made = made_by(acme, adam)

    answers = [browser.post(NEW, FORM), browser.post(f"{KEYS}{made.key.pk}/replace/", {"goes_on": "7", "lasts": "365"})]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert len(live(acme)) == 1


def test_a_key_is_taken_back_without_a_password(acme, adam):
    browser = sign_in(Client(), adam, seconds_ago=11 * 60)
    made = made_by(acme, adam)

    assert browser.get(f"{KEYS}{made.key.pk}/revoke/").status_code == 200
    assert key_use.look_up(made.secret, timezone.now(), None)
    response = browser.post(f"{KEYS}{made.key.pk}/revoke/")

    assert response.status_code == 303
    with pytest.raises(RevokedKey):
        key_use.look_up(made.secret, timezone.now(), None)


def test_revoking_twice_is_no_fault(as_adam, acme, adam):
    made = made_by(acme, adam)

    assert [as_adam.post(f"{KEYS}{made.key.pk}/revoke/").status_code for _ in range(2)] == [303, 303]


def test_a_key_is_replaced_while_the_one_before_goes_on(as_adam, acme, adam):
    first = made_by(acme, adam)

    response = as_adam.post(f"{KEYS}{first.key.pk}/replace/", {"goes_on": "7", "lasts": "90"})
    shown = as_adam.get(KEYS).content.decode()

    (secret,) = secrets(response)
    assert all(key_use.look_up(one, timezone.now(), None) for one in (secret, first.secret))
    assert f"The key before, …{first.key.hint}, works until" in response.content.decode()
    assert "works until" in shown
    assert shown.index(f"…{secret[-4:]}") < shown.index(f"…{first.key.hint}")


def test_the_form_of_a_replacement_sent_again_makes_no_third(as_adam, acme, adam):
    first = made_by(acme, adam)
    form = {"goes_on": "7", "lasts": "365"}
    as_adam.post(f"{KEYS}{first.key.pk}/replace/", form)

    again = as_adam.post(f"{KEYS}{first.key.pk}/replace/", form)

    assert again.status_code == 422
    assert secrets(again) == []
    assert len(live(acme)) == 2


def test_with_no_time_left_the_key_before_has_ended_when_the_page_is_drawn(as_adam, acme, adam):
    first = made_by(acme, adam)

    response = as_adam.post(f"{KEYS}{first.key.pk}/replace/", {"goes_on": "0", "lasts": "365"})

    assert f"The key before, …{first.key.hint}, has ended." in response.content.decode()
    assert [key.hint for key in live(acme)] == [secrets(response)[0][-4:]]


def test_the_list_tells_what_a_key_may_and_when_it_was_used_from_where(as_adam, acme, adam):
    made = made_by(acme, adam, name="crm-sync", scopes=["jobs:write", "usage:read"])
    key_use.look_up(made.secret, timezone.now(), "203.0.113.24")

    shown = as_adam.get(KEYS).content.decode()

    assert "Run, cancel and repeat reports, Read usage" in shown
    assert "from 203.0.113.24" in shown
    assert "made by adam@acme.example" in shown


def test_the_list_tells_of_what_ends_soon_of_the_platforms_and_of_who_may_less_now(as_adam, acme, adam, olga):
    made_by(acme, adam, name="soon", lasts=timedelta(days=9, hours=1))
    make_api_key(tenant=acme, name="platform")
    made_by(acme, olga, name="hers", scopes=["jobs:read", "proof:read"])
    with tenant_scope(acme):
        Membership.objects.filter(user=olga).update(role="admin")

    shown = as_adam.get(KEYS).content.decode()

    assert "In 9 days" in shown
    assert "made by the platform" in shown
    assert "No end" in shown
    assert "its maker may do less now" in shown


def test_what_ended_stands_on_its_own_tab_with_how_it_ended(as_adam, acme):
    now = timezone.now()
    make_api_key(tenant=acme, name="working")
    make_api_key(tenant=acme, name="late", expires_at=now - timedelta(days=1))
    make_api_key(tenant=acme, name="leaked", revoked_at=now - timedelta(hours=1), expires_at=now + timedelta(days=9))

    working, ended = as_adam.get(KEYS).content.decode(), as_adam.get(KEYS, {"status": "ended"}).content.decode()

    assert ("working" in working, "late" in working, "leaked" in working) == (True, False, False)
    assert re.search(r"late.*?Expired", ended, re.DOTALL)
    assert re.search(r"leaked.*?Revoked", ended, re.DOTALL)
    assert "Replace" not in ended


def test_the_list_asks_the_same_questions_however_many_keys_there_are(as_adam, acme, adam, django_assert_num_queries):
    as_adam.get(KEYS)
    with CaptureQueriesContext(connection) as few:
        as_adam.get(KEYS)
    for number in range(5):
        made_by(acme, adam, name=f"key {number}")

    with django_assert_num_queries(len(few)):
        as_adam.get(KEYS)
