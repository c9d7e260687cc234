"""A key is replaced while its program goes on calling."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.utils import timezone

from tenants import keys
from tenants.audit import Actor
from tenants.scope import tenant_scope
from tests.factories import make_member, make_tenant
from tests.reports.api.v1.conftest import V1Client


@pytest.mark.django_db(transaction=True)
def test_no_call_fails_while_a_key_is_replaced_and_the_program_moves_over():
    tenant = make_tenant()
    person = make_member(tenant=tenant, role="admin")
    actor, now = Actor(person.email), timezone.now()
    with tenant_scope(tenant):
        held = keys.create(tenant, person, actor, keys.Wanted("data-lake", ["jobs:read"]), now=now)
    # What the program reads anew for each call, as from a store of secrets.
    store, statuses, stop = [held.secret], [], threading.Event()

    def program():
        while not stop.is_set():
            statuses.append(V1Client(store[-1]).get().status_code)
            # Its rate is ten a second.
            stop.wait(0.11)
        connection.close()

    def two_calls_later():
        """The one that was on its way is over, and the next one has read the store again."""
        enough = len(statuses) + 2
        while len(statuses) < enough and thread.is_alive():
            stop.wait(0.05)

    thread = threading.Thread(target=program)
    thread.start()
    for _ in range(3):
        with tenant_scope(tenant):
            newer = keys.rotate(held.key, person, actor, now=timezone.now())
        two_calls_later()
        store.append(newer.secret)
        two_calls_later()
        with tenant_scope(tenant):
            keys.revoke(held.key, actor, now=timezone.now())
        held = newer
    stop.set()
    thread.join()

    assert len(statuses) >= 12
    assert set(statuses) == {200}
