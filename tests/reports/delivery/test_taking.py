"""Who comes next: fairly between tenants, skipping what others hold, and by an index however much there is."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from reports.delivery.taking import LINES, Round
from reports.models import Delivery
from tenants.scope import engine_scope, tenant_scope
from tests import factories
from tests.reports.delivery import steps

FILL = """
insert into reports_delivery (id, address, language, status, next_try_at, tries, failure_code, answer, maybe_twice, created_at,
                              audience_name, channel, name, is_copy, tenant_id, job_id, ended_at)
select gen_random_uuid(), 'p' || n || '@customer.example', 'en', case when %(due)s then 'pending' else 'sent' end,
       case when %(due)s then now() - interval '1 minute' end, 0, '', '', false, now(), '', 'email', '', false, %(tenant)s, %(job)s,
       case when %(due)s then null else now() end
  from generate_series(%(first)s, %(last)s) n
"""


def fill(job, number, *, first=0, due=True):
    with tenant_scope(job.tenant_id), connection.cursor() as cursor:
        cursor.execute(FILL, {"tenant": job.tenant_id, "job": job.pk, "first": first + 1, "last": first + number, "due": due})


@pytest.fixture
def report(db):
    return factories.make_report()


@pytest.fixture
def jobs(report):
    tenants = [factories.make_tenant() for _ in range(5)]
    return sorted(
        (factories.make_job(tenant=tenant, report=report, status="completed") for tenant in tenants), key=lambda job: job.tenant_id
    )


@pytest.mark.django_db
def test_a_tenant_with_very_many_delays_nobody(jobs):
    flood, *others = jobs
    fill(flood, 10_000)
    for job in others:
        fill(job, 1)
    round_of_tenants = Round(Delivery)

    with engine_scope():
        first = round_of_tenants.take(8)

    taken = [lease.tenant_id for lease in first]
    assert {job.tenant_id for job in others} < set(taken)
    assert len(taken) == 8


@pytest.mark.django_db
def test_the_round_goes_on_where_it_stopped(jobs):
    for job in jobs:
        fill(job, 10)
    round_of_tenants = Round(Delivery)

    with engine_scope():
        turns = [[lease.tenant_id for lease in round_of_tenants.take(2)] for _ in range(5)]

    assert [len(turn) for turn in turns] == [2] * 5
    taken = [tenant_id for turn in turns for tenant_id in turn]
    assert {taken.count(job.tenant_id) for job in jobs} == {2}


@pytest.mark.django_db
def test_what_is_leased_is_not_taken_again_until_the_lease_ends(jobs):
    fill(jobs[0], 1)

    (first,) = steps.take(Delivery)
    second = steps.take(Delivery)
    steps.let_pass(jobs[0].tenant, minutes=6)
    (third,) = steps.take(Delivery)

    assert second == []
    assert (first.id, first.tries, third.tries) == (third.id, 1, 2)
    assert first.until != third.until


@pytest.mark.django_db
def test_what_is_not_due_is_left(jobs):
    later = timezone.now() + timedelta(minutes=1)
    for fields in ({"next_try_at": None}, {"next_try_at": later}, {"status": "sent", "next_try_at": None}):
        factories.make_delivery(job=jobs[0], **fields)

    assert steps.take(Delivery) == []


@pytest.mark.django_db(transaction=True)
def test_eight_couriers_take_each_message_once(jobs):
    for job in jobs:
        fill(job, 40)
    taken, barrier = [], threading.Barrier(8)

    def take():
        barrier.wait()
        while leases := steps.take(Delivery, 5):
            taken.extend(leases)
        connection.close()

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(taken) == len({lease.id for lease in taken}) == 200


@pytest.mark.django_db
def test_it_is_found_by_the_index_among_very_many(jobs):
    """At a tenth of the size that the plan was looked at by hand, see docs/architecture.md; the plan is the same."""
    for job in jobs:
        fill(job, 18_000, due=False)
    fill(jobs[0], 10_000, first=18_000)
    with connection.cursor() as cursor, engine_scope():
        cursor.execute(
            "explain (format json) " + LINES[Delivery].statement,
            {"after": jobs[2].tenant_id, "each": 1, "room": 8, "lease": 1, "but": []},
        )
        plan = str(cursor.fetchone()[0])

    assert "delivery_due" in plan
    assert "Seq Scan" not in plan
