"""Webhooks as people and programs make and change them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from standardwebhooks import Webhook as Verifier

from reports.models import Webhook
from reports.refused import Refused
from reports.webhooks import changing, making, removing, rotating, secrets
from reports.webhooks.making import Wanted
from tenants.audit import Actor
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests import factories

ACTOR = Actor("olga@acme.example")
URL = "https://hooks.customer.example/reports?key=sesame"
pytestmark = pytest.mark.django_db


def wanted(*events: str, url: str = URL, description: str = "") -> Wanted:
    return Wanted(url, events, description)


def audit(tenant) -> list[AuditEvent]:
    with tenant_scope(tenant):
        return list(AuditEvent.objects.filter(tenant=tenant, action__startswith="webhook.").order_by("at", "id"))


def test_its_secret_is_given_once_and_kept_encrypted(acme, now):
    with tenant_scope(acme):
        made = making.create(acme, ACTOR, wanted("job.failed", "job.completed"), now=now)

    assert made.secret.startswith("whsec_")
    assert Verifier(made.secret)
    assert made.secret not in f"{made} {vars(made.webhook)}"
    assert made.webhook.secret_hint == made.secret[-4:]
    assert secrets.read(made.webhook) == made.secret
    assert made.webhook.events == ["job.completed", "job.failed"]
    (row,) = audit(acme)
    assert (row.action, row.after["host"], "sesame" in str(row.after)) == ("webhook.created", "hooks.customer.example", False)


@pytest.mark.parametrize("events", [[], ["job.done"], ["*", "job.failed"], ["webhook.ping"]])
def test_an_event_that_is_not_offered_is_refused_with_its_place(acme, now, events):
    with tenant_scope(acme), pytest.raises(Refused) as refused:
        making.create(acme, ACTOR, wanted(*events), now=now)

    assert refused.value.code == "unknown_event"
    assert refused.value.places[0].path[0] == "events"
    assert "job.completed" in refused.value.detail


def test_a_company_has_ten_at_most(acme, globex, now):
    for _ in range(10):
        factories.make_webhook(tenant=acme)

    with tenant_scope(acme), pytest.raises(Refused, match="at most 10"):
        making.create(acme, ACTOR, wanted("*"), now=now)
    with tenant_scope(globex):
        assert making.create(globex, ACTOR, wanted("*"), now=now)


def test_a_change_is_recorded_and_counted_and_none_is_not(acme, now):
    with tenant_scope(acme):
        webhook = making.create(acme, ACTOR, wanted("*"), now=now).webhook

        changed = changing.change(webhook, ACTOR, wanted("job.failed"), now=now + timedelta(minutes=1))
        same = changing.change(webhook, ACTOR, wanted("job.failed"), now=now)

    assert (changed, same, webhook.events, webhook.version) == (True, False, ["job.failed"], 2)
    assert [row.action for row in audit(acme)] == ["webhook.created", "webhook.changed"]


def test_pausing_and_resuming_twice_changes_nothing_the_second_time(acme, now):
    webhook = factories.make_webhook(tenant=acme)

    with tenant_scope(acme):
        acts = (changing.pause, changing.pause, changing.resume, changing.resume)
        moves = [act(webhook, ACTOR, now=now + timedelta(minutes=minute)) for minute, act in enumerate(acts)]

    assert moves == [True, False, True, False]
    assert [row.action for row in audit(acme)] == ["webhook.paused", "webhook.resumed"]
    assert webhook.status == Webhook.Status.ACTIVE


def test_for_a_day_after_a_new_secret_both_sign(acme, now):
    with tenant_scope(acme):
        first = making.create(acme, ACTOR, wanted("*"), now=now)
        second = rotating.rotate_secret(first.webhook, ACTOR, now=now + timedelta(hours=1))

    assert second.secret != first.secret
    assert secrets.signing(second.webhook, now + timedelta(hours=24)) == (second.secret, first.secret)
    assert secrets.signing(second.webhook, now + timedelta(hours=25)) == (second.secret,)
    assert audit(acme)[-1].action == "webhook.secret_replaced"
    assert first.secret not in str(audit(acme)[-1].before)


def test_what_was_deleted_is_in_the_audit_trail(acme):
    webhook = factories.make_webhook(tenant=acme)

    with tenant_scope(acme):
        removing.remove(webhook, ACTOR, now=timezone.now())

        assert not Webhook.objects.exists()
    assert audit(acme)[-1].before["host"] == "hooks.customer.example"


def test_a_change_does_not_make_the_twin_of_another_one(acme, now):
    with tenant_scope(acme):
        making.create(acme, ACTOR, wanted("*"), now=now)
        other = making.create(acme, ACTOR, wanted("job.failed"), now=now).webhook

        with pytest.raises(Refused) as refused:
            changing.change(other, ACTOR, wanted("*"), now=now)

        assert refused.value.code == "webhook_exists"
        assert changing.change(other, ACTOR, wanted("job.failed", description="Of failures"), now=now)
