"""The queue of S3's events, and whether any came."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from reports.engine import events
from reports.models import Pump, SnapshotJob
from tenants.scope import engine_scope, tenant_scope
from tests.factories import make_job
from tests.object_events import bridged, key_of, left_in, make_queue, send

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("new_clients")]


@pytest.fixture
def url(aws, settings):
    settings.PORTAL_EVENT_QUEUE_URL = make_queue(aws)
    return settings.PORTAL_EVENT_QUEUE_URL


@pytest.fixture
def completed(acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls)
    with tenant_scope(acme):
        SnapshotJob.objects.filter(pk=job.pk).update(status="completed", finished_at=timezone.now())
    return job


def test_without_a_queue_all_is_well(db, settings, ask):
    settings.PORTAL_EVENT_QUEUE_URL = ""

    assert ask("object-events") == ["OK object-events: not switched on; QuickSight is asked whether jobs have ended."]


def test_a_queue_that_can_be_read_keeps_its_messages(aws, url, account, ask):
    send(aws, url, "one")

    assert ask("object-events") == ["OK object-events queue: can be read.", "OK object-events main: nothing to hear yet."]
    assert left_in(aws, url) == 1


def test_the_time_of_the_last_event_is_told(aws, url, completed, ask):
    send(aws, url, bridged(key_of(completed)))
    events.listen(url)
    with engine_scope():
        at = Pump.objects.get(account=completed.account_id).heard_at

    assert ask("object-events")[1] == f"OK object-events main: last heard at {at:%Y-%m-%d %H:%M}Z."


@pytest.mark.parametrize("age", [None, timedelta(hours=1)], ids=["never", "not lately"])
def test_jobs_of_which_nothing_was_heard_are_told(url, completed, age, ask):
    with engine_scope():
        Pump.objects.update(heard_at=age and timezone.now() - age)

    line = ask("object-events")[1]

    assert line.startswith("WARN object-events main: a job completed at ")
    assert line.endswith('Remedy: docs/operations.md, "Object events".')


def test_a_queue_that_is_not_there_is_told(aws, url, account, settings, ask):
    settings.PORTAL_EVENT_QUEUE_URL = f"{url}-not-made"

    assert ask("object-events")[0].startswith("FAIL object-events: there is no such queue. Remedy: PORTAL_EVENT_QUEUE_URL")


def test_a_queue_that_refuses_is_told(aws, url, account, monkeypatch, ask):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-somebody-else")

    line = ask("object-events")[0]

    assert line.startswith("FAIL object-events queue: refuses these credentials: InvalidSignatureException")
    assert "sqs:ReceiveMessage" in line


def test_a_queue_that_is_away_is_told(aws, url, account, monkeypatch, ask):
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:1")

    assert ask("object-events")[0].startswith("FAIL object-events queue: does not answer: ")
