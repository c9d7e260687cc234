"""Tests by hand, and sending again what was sent or was not."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from reports.models import Event, Webhook, WebhookDelivery
from reports.webhooks import changing, pinging, replaying
from tenants.audit import Actor
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests import factories
from tests.reports.webhooks import steps

ACTOR = Actor("olga@acme.example")
pytestmark = pytest.mark.django_db


def actions(tenant) -> list[str]:
    with tenant_scope(tenant):
        return list(AuditEvent.objects.filter(action__startswith="webhook.").order_by("at").values_list("action", flat=True))


def test_a_ping_says_what_happened(acme, receiver, webhook):
    told = pinging.ping(webhook, ACTOR, timezone.now)

    (got,) = receiver.received
    assert (told.response_status, told.error) == (204, "")
    assert (json.loads(got.body)["type"], json.loads(got.body)["data"]) == ("webhook.ping", {"webhook": str(webhook.pk)})
    assert [row.status for row in steps.deliveries(acme)] == ["succeeded"]
    assert actions(acme) == ["webhook.tested"]


def test_a_ping_goes_to_that_webhook_alone_and_also_to_a_paused_one(acme, receiver, webhook):
    factories.make_webhook(tenant=acme)
    with tenant_scope(acme):
        changing.pause(webhook, ACTOR, now=timezone.now())

    told = pinging.ping(webhook, ACTOR, timezone.now)

    assert told.response_status == 204
    assert [row.webhook_id for row in steps.deliveries(acme)] == [webhook.pk]


@pytest.mark.parametrize(("status", "error"), [(500, "not_2xx"), (410, "gone"), (302, "redirected")])
def test_a_ping_that_fails_is_not_repeated_and_turns_nothing_off(acme, receiver, webhook, status, error):
    receiver.answers(status)

    told = pinging.ping(webhook, ACTOR, timezone.now)
    steps.let_pass(acme, days=1)

    assert (told.response_status, told.error, steps.send_all(), receiver.requests) == (status, error, 0, 1)
    assert steps.deliveries(acme)[0].status == "dead"
    with tenant_scope(acme):
        assert Webhook.objects.get().status == "active"


def test_one_that_was_taken_is_sent_again_under_its_id(acme, receiver, webhook):
    event = steps.happen(acme)
    steps.send_all()

    with tenant_scope(acme):
        replayed = replaying.replay(steps.deliveries(acme)[0], ACTOR, now=timezone.now())
    steps.send_all()

    assert replayed
    assert [got.headers["webhook-id"] for got in receiver.received] == [str(event.pk)] * 2
    assert receiver.received[0].body == receiver.received[1].body
    assert (steps.deliveries(acme)[0].tries, len(steps.log(acme))) == (1, 2)
    assert actions(acme) == ["webhook.replayed"]


def test_one_that_is_on_its_way_is_not_sent_twice(acme, receiver, webhook):
    steps.happen(acme)
    steps.take()

    with tenant_scope(acme):
        assert replaying.replay(steps.deliveries(acme)[0], ACTOR, now=timezone.now()) is False


def test_everything_since_a_time_is_sent_also_what_it_was_not_told_of(acme, receiver):
    now = timezone.now()
    before_it_was_there = steps.happen(acme, now=now - timedelta(hours=3))
    webhook = factories.make_webhook(tenant=acme, url=receiver.url, events=["job.completed", "job.failed"])
    dead = steps.happen(acme, now=now - timedelta(hours=2))
    with tenant_scope(acme):
        WebhookDelivery.objects.update(status="dead", next_try_at=None, ended_at=now, tries=10)
    steps.happen(acme, now=now - timedelta(hours=5))
    steps.happen(acme, Event.Type.LINK_DOWNLOADED, now=now - timedelta(hours=2))
    with tenant_scope(acme):
        WebhookDelivery.objects.exclude(event=dead).delete()

        count = replaying.replay_since(webhook, ACTOR, now - timedelta(hours=4), now=now)
    steps.send_all()

    assert count == 2
    assert {got.headers["webhook-id"] for got in receiver.received} == {str(before_it_was_there.pk), str(dead.pk)}
    assert {row.status for row in steps.deliveries(acme)} == {"succeeded"}


def test_a_replay_may_be_of_some_types_and_until_a_time(acme, receiver, webhook):
    now = timezone.now()
    wanted = steps.happen(acme, Event.Type.JOB_FAILED, now=now - timedelta(hours=2))
    steps.happen(acme, Event.Type.JOB_FAILED, now=now - timedelta(hours=1))
    steps.happen(acme, Event.Type.JOB_COMPLETED, now=now - timedelta(hours=2))
    steps.send_all()
    sent = receiver.requests

    with tenant_scope(acme):
        until = now - timedelta(hours=1)
        count = replaying.replay_since(webhook, ACTOR, now - timedelta(days=1), until, ["job.failed"], now=now)
    steps.send_all()

    assert (count, receiver.requests - sent) == (1, 1)
    assert receiver.received[-1].headers["webhook-id"] == str(wanted.pk)


def test_a_replay_goes_back_thirty_days_and_no_further(acme, webhook):
    now = timezone.now()
    steps.happen(acme, now=now - timedelta(days=31))
    with tenant_scope(acme):
        WebhookDelivery.objects.all().delete()

        assert replaying.replay_since(webhook, ACTOR, now - timedelta(days=60), now=now) == 0


def test_a_test_is_not_replayed_with_the_rest(acme, receiver, webhook):
    pinging.ping(webhook, ACTOR, timezone.now)

    with tenant_scope(acme):
        assert replaying.replay_since(webhook, ACTOR, timezone.now() - timedelta(days=1), now=timezone.now()) == 0


def test_to_a_paused_webhook_a_replay_waits_until_it_is_resumed(acme, receiver, webhook):
    steps.happen(acme)
    steps.send_all()
    with tenant_scope(acme):
        changing.pause(webhook, ACTOR, now=timezone.now())
        replaying.replay_since(webhook, ACTOR, timezone.now() - timedelta(days=1), now=timezone.now())

    assert steps.send_all() == 0
    with tenant_scope(acme):
        changing.resume(webhook, ACTOR, now=timezone.now())
    assert steps.send_all() == 1


@pytest.mark.parametrize("what", ["one message", "a time"])
def test_what_is_replayed_while_its_webhook_is_resumed_is_sent(acme, receiver, webhook, what):
    steps.happen(acme)
    steps.send_all()
    with tenant_scope(acme):
        changing.pause(webhook, ACTOR, now=timezone.now())
        (read_while_paused,) = steps.deliveries(acme)
        changing.resume(webhook, ACTOR, now=timezone.now())
        if what == "one message":
            replaying.replay(read_while_paused, ACTOR, now=timezone.now())
        else:
            replaying.replay_since(read_while_paused.webhook, ACTOR, timezone.now() - timedelta(days=1), now=timezone.now())

    assert (steps.send_all(), receiver.requests) == (1, 2)
