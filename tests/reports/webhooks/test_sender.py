"""The sender with its threads: round the companies, and none of them waits for another one's slow receiver."""

from __future__ import annotations

import time

import pytest
from django.db import connection

from reports.models import WebhookDelivery
from reports.webhooks.sender import HANDS, Sender
from reports.webhooks.taking import LINE, MOST_AT_ONCE
from tenants.scope import engine_scope, tenant_scope
from tests import factories
from tests.reports.webhooks import steps
from tests.webhook import Receiver

FILL = """
with told as (insert into reports_event (id, tenant_id, type, created_at, body)
              select gen_random_uuid(), %(tenant)s, 'job.completed', now(), '{}' from generate_series(1, %(number)s) returning id)
insert into reports_webhookdelivery (id, tenant_id, webhook_id, event_id, status, tries, next_try_at, created_at, ended_at)
select gen_random_uuid(), %(tenant)s, %(webhook)s, id, case when %(due)s then 'pending' else 'succeeded' end, 0,
       case when %(due)s then now() end, now(), case when %(due)s then null else now() end from told
"""


def fill(webhook, number: int, *, due: bool = True) -> None:
    with tenant_scope(webhook.tenant_id), connection.cursor() as cursor:
        cursor.execute(FILL, {"tenant": webhook.tenant_id, "webhook": webhook.pk, "number": number, "due": due})


@pytest.mark.django_db
def test_of_a_company_only_a_few_are_under_way_and_everybody_has_a_turn(acme, globex):
    flood, other = factories.make_webhook(tenant=acme), factories.make_webhook(tenant=globex)
    fill(flood, 500)
    fill(other, 1)

    first = steps.take(24)
    second = steps.take(24, [taken.tenant_id for taken in first])

    assert sorted(taken.tenant_id == acme.pk for taken in first) == [False] + [True] * MOST_AT_ONCE
    assert second == []


@pytest.mark.django_db
def test_what_is_due_is_found_by_the_index_among_very_many(acme, globex):
    webhook = factories.make_webhook(tenant=acme)
    fill(webhook, 30_000, due=False)
    fill(webhook, 1000)
    with connection.cursor() as cursor, engine_scope():
        cursor.execute(
            "explain (format json) " + LINE.statement, {"after": globex.pk, "each": 1, "room": 8, "lease": 1, "but": [globex.pk]}
        )
        plan = str(cursor.fetchone()[0])

    assert "webhook_delivery_due" in plan
    assert "Seq Scan on reports_webhookdelivery" not in plan


@pytest.mark.django_db(transaction=True)
def test_a_receiver_that_hangs_delays_no_other_company(acme, globex, receiver, settings):
    with Receiver() as slow:
        settings.PORTAL_OUTBOUND_ALLOW += [f"127.0.0.1:{slow.port}"]
        fill(factories.make_webhook(tenant=acme, url=slow.url), 40)
        fill(factories.make_webhook(tenant=globex, url=receiver.url), 40)
        slow.hang()
        sender = Sender()

        while len(receiver.told) < 40:
            sender.turn()
            time.sleep(0.01)
        under_way = [taken.tenant_id for taken in HANDS.carried()]
        slow.heal()
        steps.run(sender=sender)

    assert 0 < under_way.count(acme.pk) <= MOST_AT_ONCE
    with tenant_scope(acme):
        assert set(WebhookDelivery.objects.values_list("status", "tries")) == {("succeeded", 1)}
