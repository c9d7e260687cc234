"""Two people who select the same jobs, or jobs of the same runs, wait for each other, and not both for ever."""

from __future__ import annotations

import threading
import time
import uuid
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.utils import timezone

from reports import clearing, jobs, recalling, resending, selected_jobs
from reports.models import Occurrence, SnapshotJob
from reports.refused import Refused
from tenants.audit import Actor
from tenants.scope import tenant_scope
from tests.factories import make_delivery, make_job, make_occurrence, make_schedule
from tests.reports.engine.threads import together

ADAM = Actor("adam@acme.example")
LONGEST_SECONDS = 60
# What jobs are like upon which something is done.
AS_FOR = {"cancel": {"status": "queued"}, "retry": {"status": "failed", "failure_code": "internal"}, "send_again": {"status": "completed"}}


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
def test_two_who_act_on_the_same_jobs_lock_them_in_one_order(acme, daily_calls):
    lanes = (SnapshotJob.Lane.SCHEDULED, SnapshotJob.Lane.NOW)
    first, last = [
        make_job(tenant=acme, report=daily_calls, pk=uuid.UUID(int=number), lane=lane, status="queued")
        for number, lane in enumerate(lanes, start=1)
    ]
    ids, now, held = [first.pk, last.pk], timezone.now(), threading.Event()

    def hold():
        with tenant_scope(acme):
            SnapshotJob.objects.select_for_update().get(pk=first.pk)
            held.set()
            wait_until(2)

    def clear():
        assert held.wait(LONGEST_SECONDS)
        clearing.clear(tenant=acme, actor=ADAM, because="A mistake.", now=now)

    def cancel():
        assert held.wait(LONGEST_SECONDS)
        wait_until(1)
        with tenant_scope(acme):
            selected_jobs.cancel(acme, ids, ADAM, now)

    assert together(hold, clear, cancel) == []


@pytest.fixture
def runs(acme, daily_calls):
    schedule = make_schedule(tenant=acme, report=daily_calls)
    planned = [timezone.now() - timedelta(hours=hours) for hours in (1, 2)]
    return [make_occurrence(schedule=schedule, planned_at=at, status="running", expanded_at=at) for at in planned]


@pytest.fixture
def made(acme, daily_calls, runs):
    """One job after the other, each of the run with that number, as those are upon which `verb` acts. Their ids."""

    def make(verb: str, *numbers: int):
        ids = []
        for number in numbers:
            facts = {"occurrence": runs[number], "fingerprint": uuid.uuid4().hex} | AS_FOR[verb]
            job = make_job(tenant=acme, report=daily_calls, **facts)
            if verb == "send_again":
                make_delivery(job=job, status="failed", failure_code="internal")
            ids.append(job.pk)
        return ids

    return make


@pytest.fixture
def one_after_the_other(acme, runs):
    """Both come to wait for the runs, which somebody holds; then these are free. What was raised."""

    def go(first, second):
        held = threading.Event()

        def hold():
            with tenant_scope(acme):
                list(Occurrence.objects.select_for_update().filter(pk__in=[run.pk for run in runs]))
                held.set()
                wait_until(2)

        def after(number, act):
            assert held.wait(LONGEST_SECONDS)
            wait_until(number)
            with tenant_scope(acme):
                act()

        return together(hold, partial(after, 0, first), partial(after, 1, second))

    return go


def do(verb, tenant, ids):
    more = (uuid.uuid4(),) if verb == "retry" else ()
    return getattr(selected_jobs, verb)(tenant, ids, ADAM, *more, timezone.now())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", AS_FOR)
def test_two_whose_jobs_belong_to_the_same_runs_lock_these_in_one_order(acme, made, one_after_the_other, verb):
    ids, crossing = made(verb, 0, 1), made("cancel", 1, 0)

    assert one_after_the_other(lambda: do(verb, acme, ids), lambda: do("cancel", acme, crossing)) == []
    with tenant_scope(acme):
        assert list(SnapshotJob.objects.filter(pk__in=crossing).values_list("status", flat=True)) == ["cancelled"] * 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", AS_FOR)
def test_who_selects_a_job_that_is_withdrawn_meanwhile_does_not_hold_it(acme, made, one_after_the_other, verb):
    (done,), ids = made("send_again", 0), made(verb, 0)
    with tenant_scope(acme):
        job = SnapshotJob.objects.select_related("tenant", "report").get(pk=done)

    def recall():
        recalling.recall(job, "Wrong rows.", ADAM, now=timezone.now())

    assert one_after_the_other(recall, lambda: do(verb, acme, [*ids, done])) == []
    with tenant_scope(acme):
        assert SnapshotJob.objects.get(pk=done).recalled_at is not None


@pytest.mark.django_db(transaction=True)
def test_who_cancels_a_single_job_locks_as_those_do_who_act_on_many(acme, made, one_after_the_other):
    failed, (waiting,) = made("retry", 0), made("cancel", 0)
    with tenant_scope(acme):
        job = SnapshotJob.objects.select_related("tenant").get(pk=waiting)

    assert one_after_the_other(lambda: do("retry", acme, failed), lambda: jobs.cancel(job, ADAM, now=timezone.now())) == []
    with tenant_scope(acme):
        assert SnapshotJob.objects.get(pk=waiting).status == "cancelled"


@pytest.mark.django_db(transaction=True)
def test_a_job_that_was_withdrawn_after_it_was_read_is_not_sent_again(acme, made):
    (pk,) = made("send_again", 0)
    with tenant_scope(acme):
        read, other = (SnapshotJob.objects.select_related("tenant", "report").get(pk=pk) for _ in range(2))
        recalling.recall(other, "Wrong rows.", ADAM, now=timezone.now())

        with pytest.raises(Refused, match="withdrawn"):
            resending.resend_failed(read, ADAM, timezone.now())
