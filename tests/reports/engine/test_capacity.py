"""A sample a minute of each account: what the chart of capacity is drawn from."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from reports.engine import capacity, limiter
from reports.models import CapacitySample, RequestBudget, Slot
from tenants.scope import engine_scope
from tests import factories

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def account(db):
    return factories.make_account(slots=3)


@pytest.fixture
def report(account, acme):
    return factories.make_report(slug="daily-calls", account=account)


def sample() -> list[CapacitySample]:
    with engine_scope():
        capacity.sample()
        return list(CapacitySample.objects.order_by("at"))


def test_it_tells_slots_in_use_what_waits_and_for_how_long(account, acme, report):
    running = factories.make_job(tenant=acme, report=report, status="running")
    with engine_scope():
        Slot.objects.filter(account=account, number=1).update(job=running)
    for minutes in (1, 5):
        factories.make_job(tenant=acme, report=report, now=timezone.now() - minutes * MINUTE)
    factories.make_queue(tenant=acme, account=account, queued=7)

    (found,) = sample()

    assert (found.slots, found.in_use, found.waiting) == (3, 1, 7 + 2)
    assert 230 <= found.oldest_seconds <= 310


def test_twice_in_a_minute_is_once(account):
    at = sample()[0].at
    again = sample()

    assert (at.second, at.microsecond) == (0, 0)
    # The minute may have ended between the two.
    assert len({found.at for found in again}) == len(again)


def test_what_ended_is_counted_in_one_sample_each(account, acme, report):
    minute = timezone.now().replace(second=0, microsecond=0)
    for seconds, status in ((30, "completed"), (40, "completed"), (50, "failed"), (150, "completed")):
        factories.make_job(tenant=acme, report=report, status=status, finished_at=minute - timedelta(seconds=seconds))
    with engine_scope():
        CapacitySample.objects.create(
            account=account, at=minute - 2 * MINUTE, slots=3, in_use=0, waiting=0, oldest_seconds=0, throttled=0, delivered=0, failed=0
        )

    found = sample()[-1]

    assert (found.delivered, found.failed) == (2, 1)


def test_no_more_than_a_thousand_of_those_not_in_line_are_counted(account, acme, report, monkeypatch):
    monkeypatch.setattr(capacity, "COUNTED_UP_TO", 2)
    for _ in range(4):
        factories.make_job(tenant=acme, report=report)

    assert sample()[0].waiting == 2


def test_each_throttled_request_counts(account):
    for _ in range(3):
        limiter.slow_down(account.pk)

    assert sample()[0].throttled == 3
    with engine_scope():
        assert RequestBudget.objects.get(account=account).throttled == 3


def test_a_retired_account_has_no_samples(db):
    factories.make_account(slots=0)

    assert sample() == []


def test_old_samples_are_forgotten(account):
    facts = {"slots": 3, "in_use": 0, "waiting": 0, "oldest_seconds": 0, "throttled": 0, "delivered": 0, "failed": 0}
    with engine_scope():
        for age in (timedelta(days=9), timedelta(days=7)):
            CapacitySample.objects.create(account=account, at=timezone.now() - age, **facts)
        capacity.forget_old()

        assert CapacitySample.objects.count() == 1
