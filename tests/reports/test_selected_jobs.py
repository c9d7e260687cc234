"""Two people who select the same jobs wait for each other, and not both for ever."""

from __future__ import annotations

import threading
import time
import uuid

import pytest
from django.db import connection
from django.utils import timezone

from reports import selected_jobs
from reports.models import SnapshotJob
from tenants.audit import Actor
from tenants.scope import tenant_scope
from tests.factories import make_job
from tests.reports.engine.threads import together

ADAM = Actor("adam@acme.example")
LONGEST_SECONDS = 60


def waiting():
    with connection.cursor() as cursor:
        cursor.execute("select count(distinct pid) from pg_locks where not granted")
        return cursor.fetchone()[0]


def wait_until(number):
    until = time.monotonic() + LONGEST_SECONDS
    while waiting() < number:
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", ["retry", "send_again"])
def test_whatever_two_do_with_the_same_jobs_locks_them_in_one_order(acme, daily_calls, verb):
    lanes = (SnapshotJob.Lane.SCHEDULED, SnapshotJob.Lane.NOW)
    first, last = [
        make_job(tenant=acme, report=daily_calls, pk=uuid.UUID(int=number), lane=lane, status="failed", failure_code="internal")
        for number, lane in enumerate(lanes, start=1)
    ]
    ids, now, held = [first.pk, last.pk], timezone.now(), threading.Event()

    def hold():
        with tenant_scope(acme):
            SnapshotJob.objects.select_for_update().get(pk=first.pk)
            held.set()
            wait_until(2)

    def other():
        assert held.wait(LONGEST_SECONDS)
        more = (uuid.uuid4(), now) if verb == "retry" else (now,)
        with tenant_scope(acme):
            getattr(selected_jobs, verb)(acme, ids, ADAM, *more)

    def cancel():
        assert held.wait(LONGEST_SECONDS)
        wait_until(1)
        with tenant_scope(acme):
            selected_jobs.cancel(acme, ids, ADAM, now)

    assert together(hold, other, cancel) == []
