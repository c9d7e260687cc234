"""Events go after 30 days, stored answers after 24 hours; what is younger stays."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from reports import forgetting
from reports.models import ArchiveVisit, Event, IdempotentRequest, WebhookDelivery, WebhookTry
from reports.tasks import RECURRING
from tenants.scope import tenant_scope
from tests.reports.webhooks import steps
from tests.reports.webhooks.conftest import receiver, webhook

__all__ = ["receiver", "webhook"]
pytestmark = pytest.mark.django_db


def test_events_go_after_thirty_days_with_what_was_sent_of_them(acme, globex, now, webhook):
    old = steps.happen(acme, now=now - timedelta(days=30, seconds=1))
    young = steps.happen(acme, now=now - timedelta(days=29))
    steps.send_all()
    steps.happen(globex, now=now - timedelta(days=31))

    gone = forgetting.forget_old(now)

    assert gone == 2
    with tenant_scope(acme):
        assert list(Event.objects.values_list("pk", flat=True)) == [young.pk]
        assert {row.event_id for row in WebhookDelivery.objects.all()} == {young.pk} != {old.pk}
        assert WebhookTry.objects.count() == 1


def test_answers_to_idempotent_requests_go_after_a_day(acme, now):
    ages = {"old": timedelta(hours=24, seconds=1), "young": timedelta(hours=23)}
    with tenant_scope(acme):
        for key, age in ages.items():
            IdempotentRequest.objects.create(tenant=acme, family=uuid.uuid4(), key=key, fingerprint=b"", created_at=now - age)

    forgetting.forget_old(now)

    with tenant_scope(acme):
        assert [row.key for row in IdempotentRequest.objects.all()] == ["young"]


def test_visits_to_archives_go_after_a_day(acme, now):
    ages = {"old@customer.example": timedelta(hours=24, seconds=1), "young@customer.example": timedelta(hours=23)}
    with tenant_scope(acme):
        for email, age in ages.items():
            life = {"expires_at": now - age, "created_at": now - age}
            ArchiveVisit.objects.create(tenant=acme, email=email, language="en", token_sha256=email.encode()[:32], **life)

    forgetting.forget_old(now)

    with tenant_scope(acme):
        assert [row.email for row in ArchiveVisit.objects.all()] == ["young@customer.example"]


def test_many_go_in_steps(acme, now, monkeypatch):
    monkeypatch.setattr(forgetting, "BATCH", 2)
    for _ in range(5):
        steps.happen(acme, now=now - timedelta(days=31))

    assert forgetting.forget_old(now) == 5
    assert RECURRING["forget-old"][2] == 60
