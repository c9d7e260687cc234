from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from reports.mails import failure_notices
from reports.models import Notice
from tenants.models import Membership
from tenants.scope import tenant_scope
from tests.factories import make_delivery, make_member, make_occurrence
from tests.reports.mails.conftest import PLANNED, a_job, change, delivery_of

pytestmark = pytest.mark.django_db


def failed(schedule, now, code="report_failed", hours=0):
    occurrence = make_occurrence(schedule=schedule, planned_at=PLANNED + timedelta(hours=hours), status="failed", ended_at=now)
    a_job(occurrence, now, status="failed", failure_code=code)
    return occurrence


def told(occurrence, now):
    with tenant_scope(occurrence.tenant_id):
        return [notice.address for notice in failure_notices.run_failed(occurrence, now)]


def test_the_schedules_owner_is_told(schedule, adam, now):
    assert told(failed(schedule, now), now) == ["olga@acme.example"]


def test_the_companys_owners_are_told_when_the_schedule_has_none(schedule, acme, adam, alice, now):
    make_member(tenant=acme, email="second@acme.example", role="owner")
    change(schedule, owner=None)

    assert told(failed(schedule, now), now) == ["olga@acme.example", "second@acme.example"]


def test_an_owner_who_left_is_not_told(schedule, acme, olga, adam, now):
    change(schedule, owner=adam)
    with tenant_scope(acme):
        Membership.objects.filter(tenant=acme, user=adam).delete()

    assert told(failed(schedule, now), now) == ["olga@acme.example"]


def test_nobody_is_told_who_does_not_want_it(schedule, now):
    change(schedule, tell_owner=False)

    assert told(failed(schedule, now), now) == []


def test_a_cause_is_told_once_in_four_hours(schedule, now):
    runs = [failed(schedule, now, hours=hours) for hours in range(3)]
    at = [now, now + timedelta(hours=3, minutes=59), now + timedelta(hours=4)]

    assert [len(told(run, when)) for run, when in zip(runs, at, strict=True)] == [1, 0, 1]


def test_another_cause_is_told_at_once(schedule, now):
    first, second = failed(schedule, now), failed(schedule, now, code="report_missing", hours=1)

    assert [len(told(first, now)), len(told(second, now))] == [1, 1]


def test_a_run_that_reached_only_some_is_told(occurrence, now):
    sent = delivery_of(occurrence, now, status="sent")
    make_delivery(job=sent.job, status="bounced", failure_code="no_such_address")
    change(occurrence, status="partly_delivered", ended_at=now)

    assert told(occurrence, now) == ["olga@acme.example"]
    with tenant_scope(occurrence.tenant_id):
        assert Notice.objects.get().data == {"of": "delivery", "code": "no_such_address", "cause": "delivery:no_such_address"}


def test_the_most_frequent_of_several_causes_is_told(occurrence, now):
    sent = delivery_of(occurrence, now, status="bounced", failure_code="mailbox_full")
    for code in ("no_such_address", "no_such_address"):
        make_delivery(job=sent.job, status="bounced", failure_code=code)

    with tenant_scope(occurrence.tenant_id):
        assert failure_notices.run_failed(occurrence, now)[0].data["code"] == "no_such_address"


def test_lateness_is_told_once_too(occurrence, now):
    with tenant_scope(occurrence.tenant_id):
        assert len(failure_notices.run_late(occurrence, now)) == 1
        assert failure_notices.run_late(occurrence, now) == []


@pytest.mark.django_db(transaction=True)
def test_two_that_find_the_same_cause_at_once_tell_it_once(schedule, now):
    runs = [failed(schedule, now, hours=hours) for hours in range(4)]
    together, lengths = threading.Barrier(len(runs)), []

    def find(run):
        with tenant_scope(run.tenant_id):
            together.wait(10)
            lengths.append(len(failure_notices.run_failed(run, now)))
        connection.close()

    threads = [threading.Thread(target=find, args=[run]) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(lengths) == [0, 0, 0, 1]
    with tenant_scope(schedule.tenant):
        assert Notice.objects.count() == 1
