"""Deleting a webhook while something happens: the fact stands, whoever was first."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.utils import timezone

from reports.events import tell
from reports.models import Event, Webhook
from reports.webhooks import changing, removing, sending
from tenants.audit import Actor
from tenants.scope import tenant_scope
from tests import factories
from tests.reports.webhooks import steps

ACTOR = Actor("olga@acme.example")
pytestmark = pytest.mark.django_db(transaction=True)


def in_another_thread(act) -> threading.Thread:
    def run() -> None:
        act()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_what_is_told_while_it_is_deleted_is_kept(acme):
    webhook = factories.make_webhook(tenant=acme)

    def remove() -> None:
        with tenant_scope(acme):
            removing.remove(webhook, ACTOR, now=timezone.now())

    with tenant_scope(acme):
        tell(acme, Event.Type.JOB_COMPLETED, {}, timezone.now())
        remover = in_another_thread(remove)
        remover.join(0.5)
        assert remover.is_alive(), "it waits for the fact"
    remover.join()

    with tenant_scope(acme):
        assert (Event.objects.count(), Webhook.objects.count()) == (1, 0)
    assert steps.deliveries(acme) == []


def test_what_happens_after_it_was_deleted_and_before_that_is_seen_is_kept_too(acme):
    webhook = factories.make_webhook(tenant=acme)

    def happen() -> None:
        with tenant_scope(acme):
            tell(acme, Event.Type.JOB_COMPLETED, {}, timezone.now())

    with tenant_scope(acme):
        removing.remove(webhook, ACTOR, now=timezone.now())
        teller = in_another_thread(happen)
        teller.join(0.5)
    teller.join()

    with tenant_scope(acme):
        assert Event.objects.count() == 1
    assert steps.deliveries(acme) == []


def test_one_that_was_taken_before_the_pause_and_put_back_after_the_resumption_is_due(acme, receiver, webhook):
    steps.happen(acme)
    (taken,) = steps.take()
    with tenant_scope(acme):
        changing.pause(webhook, ACTOR, now=timezone.now())

    with tenant_scope(acme):
        changing.resume(webhook, ACTOR, now=timezone.now())
        sender = in_another_thread(lambda: sending.prepare(taken, timezone.now()))
        sender.join(0.5)
        assert sender.is_alive(), "it waits for the resumption"
    sender.join()
    steps.run()

    assert [row.status for row in steps.deliveries(acme)] == ["succeeded"]
