"""Cache, queue and the worker's signs of life."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from portal.doctor.queue import MANY
from reports import tasks
from reports.engine import claim
from reports.models import Heartbeat, TenantQueue
from tenants.scope import engine_scope
from tests.factories import make_job

pytestmark = pytest.mark.django_db
NOWHERE = "redis://127.0.0.1:1/0"


def test_the_cache_is_tried(ask):
    assert ask("cache") == ["OK cache: keeps what it is given, in the database."]


def test_a_cache_that_forgets_is_a_fault(settings, ask):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}

    assert ask("cache")[0].startswith("FAIL cache: forgets at once what it is given")


def test_a_cache_that_is_away_is_a_fault(settings, ask):
    settings.CACHE_URL = NOWHERE
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": NOWHERE}}

    (line,) = ask("cache")

    assert line.startswith("FAIL cache: Redis does not answer (ConnectionError)")
    assert "compare CACHE_URL and PORTAL_BROKER" in line


def test_a_worker_that_was_never_seen_or_not_lately_is_a_fault(ask):
    with engine_scope():
        Heartbeat.objects.create(cluster=tasks.ENGINE, beat_at=timezone.now() - timedelta(seconds=300))

    silent, never = ask("worker")

    assert silent.startswith("FAIL worker portal: not seen for 30")
    assert never.startswith("FAIL worker work: was never seen. Remedy: start manage.py worker")


def test_a_worker_that_beats_is_fine(ask):
    for cluster in tasks.CLUSTERS:
        tasks.beat(cluster)

    assert [line.split(" s ago")[0][:-1] for line in ask("worker")] == ["OK worker portal: seen ", "OK worker work: seen "]


def test_recurring_tasks_that_are_missing_changed_or_overdue_are_faults(ask):
    tasks.install_recurring()
    first, second, third = list(tasks.RECURRING)[:3]
    Schedule.objects.filter(name=first).delete()
    Schedule.objects.filter(name=second).update(func="gone.away")
    Schedule.objects.filter(name=third).update(next_run=timezone.now() - timedelta(hours=1))

    assert [line.partition(". ")[0] for line in ask("recurring")] == [
        f"FAIL recurring {first}: is not planned",
        f"FAIL recurring {second}: is planned in another way than this release does it",
        f"FAIL recurring {third}: is overdue",
    ]


def test_recurring_tasks_that_run_by_the_clock_are_fine(ask):
    tasks.install_recurring()

    assert ask("recurring") == [f"OK recurring: all planned: {', '.join(tasks.RECURRING)}."]


def test_recurring_tasks_that_came_due_while_no_worker_ran_are_not_late_once_one_starts(ask):
    tasks.install_recurring()
    Schedule.objects.update(next_run=timezone.now() - timedelta(hours=1))

    tasks.install_recurring()

    assert ask("recurring") == [f"OK recurring: all planned: {', '.join(tasks.RECURRING)}."]


def test_messages_that_nobody_takes_are_a_fault_and_very_many_a_warning(ask):
    now = timezone.now()
    OrmQ.objects.create(key=tasks.ENGINE, payload="", lock=now - timedelta(minutes=10))
    tasks.beat(tasks.WORK)
    OrmQ.objects.bulk_create(OrmQ(key=tasks.WORK, payload="", lock=now) for _ in range(MANY + 1))

    engine, work = ask("queue")

    assert engine.startswith("FAIL queue portal: messages that wait: 1, and nobody takes them")
    assert work.startswith(f"WARN queue work: messages that wait: {MANY + 1}")


def test_an_empty_queue_is_fine(ask):
    assert ask("queue") == ["OK queue portal: messages that wait: 0.", "OK queue work: messages that wait: 0."]


def test_queues_that_count_their_jobs_are_fine(account, acme, daily_calls, ask):
    make_job(tenant=acme, report=daily_calls)
    with engine_scope():
        claim.claim(account.pk)

    assert ask("tenant-queues") == ["OK tenant-queues: counted right; queues: 1."]


def test_a_queue_that_counts_other_jobs_is_a_fault(account, acme, daily_calls, ask):
    make_job(tenant=acme, report=daily_calls)
    with engine_scope():
        claim.claim(account.pk)
        TenantQueue.objects.update(running=7)

    (line,) = ask("tenant-queues")

    assert line.startswith(
        f"FAIL tenant-queues {acme.pk}: counts other jobs than there are, in account {account.pk}, lane 1; such queues: 1"
    )
