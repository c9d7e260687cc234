from __future__ import annotations

import pytest
from django.db import transaction
from django.test import Client

from portal.signed_in import end_sessions
from tenants.models import Membership
from tenants.scope import tenant_scope
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db


def signed_in(person) -> Client:
    browser = Client()
    browser.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
    return browser


def may_come_in(browser: Client) -> bool:
    return browser.get("/t/acme/").status_code == 200


def test_every_session_of_a_person_ends_but_the_one_that_is_named_and_nobody_elses(adam, alice):
    here, there, other = signed_in(adam), signed_in(adam), signed_in(alice)

    ended = end_sessions(adam, except_key=here.session.session_key)

    assert ended == 1
    assert [may_come_in(browser) for browser in (here, there, other)] == [True, False, True]


def test_inside_a_company_they_end_with_its_transaction_and_its_scope_goes_on(acme, adam):
    browser = signed_in(adam)

    with tenant_scope(acme):
        ended = end_sessions(adam)
        found = Membership.objects.filter(tenant=acme, user=adam).count()

    assert (ended, found) == (1, 1)
    assert not may_come_in(browser)


def test_what_is_undone_in_the_company_leaves_the_sessions_as_they_were(acme, adam):
    browser = signed_in(adam)

    with tenant_scope(acme):
        end_sessions(adam)
        transaction.set_rollback(True)

    assert may_come_in(browser)
