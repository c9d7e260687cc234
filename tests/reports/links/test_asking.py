"""A new link instead of one that has ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reports import links
from reports.models import Notice
from tenants.scope import tenant_scope
from tests.factories import make_link
from tests.reports.engine.threads import together

pytestmark = pytest.mark.django_db
LATER = timedelta(days=31)


def ask(link, now) -> bool:
    with tenant_scope(link.tenant_id):
        return links.ask_for_new_link(link, now=now)


def sent(tenant) -> list[tuple]:
    with tenant_scope(tenant):
        return list(Notice.objects.order_by("created_at").values_list("kind", "address", "language"))


def test_goes_to_the_address_of_the_old_one(ready, now):
    link, _token = make_link(job=ready, now=now, email="gm@azurebay.example", language="de")

    assert ask(link, now + LATER)
    assert sent(ready.tenant) == [("new_link", "gm@azurebay.example", "de")]


def test_is_mailed_once_in_ten_minutes(ready, now):
    link, _token = make_link(job=ready, now=now, email="gm@azurebay.example")

    assert [ask(link, now + LATER + timedelta(minutes=later)) for later in (0, 1, 9, 11)] == [True, False, False, True]
    assert len(sent(ready.tenant)) == 2


@pytest.mark.django_db(transaction=True)
def test_asked_for_by_many_at_once_is_mailed_once(ready, now):
    link, _token = make_link(job=ready, now=now, email="gm@azurebay.example")

    faults = together(*[lambda: ask(link, now + LATER)] * 6)

    assert (faults, len(sent(ready.tenant))) == ([], 1)


@pytest.mark.parametrize(
    ("fields", "later"),
    [
        ({"email": ""}, LATER),
        ({}, timedelta(0)),
        ({"revoked_at": True}, LATER),
        ({"uses": 50}, LATER),
        ({"uses": 50}, timedelta(0)),
        ({"wrong_codes": 10}, LATER),
    ],
    ids=["nobody's address", "works still", "revoked", "used up and expired", "used up", "locked"],
)
def test_is_not_given_in_other_states(fields, later, ready, now):
    fields = {"email": "gm@azurebay.example"} | fields | ({"revoked_at": now} if "revoked_at" in fields else {})
    link, _token = make_link(job=ready, now=now, **fields)

    assert not ask(link, now + later)
    assert sent(ready.tenant) == []


@pytest.mark.parametrize(
    ("address", "shown"),
    [("gm.funchal@azurebay.example", "g•••@azurebay.example"), ("a@b.example", "a•••@b.example"), ("", "")],
)
def test_an_address_is_masked(address, shown):
    assert links.masked(address) == shown
