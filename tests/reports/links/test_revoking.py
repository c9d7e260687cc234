"""Taking back many links at once, and a click that comes at the same moment."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from reports import links
from reports.models import Download, Link
from tenants.audit import Actor
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests.factories import make_delivery, make_file, make_job, make_link, make_occurrence, make_schedule
from tests.reports.engine.threads import together

pytestmark = pytest.mark.django_db
ADAM, VISITOR = Actor("adam@acme.example"), Actor("LNK-VISITOR1")


def revoke(of, *whose, now) -> int:
    """`of`: links.of_job, of_address or of_schedule."""
    with tenant_scope(whose[0] if of is links.of_address else whose[0].tenant):
        return links.revoke_all(of(*whose), ADAM, now=now)


def revoked(tenant) -> set:
    with tenant_scope(tenant):
        return set(Link.objects.exclude(revoked_at=None).values_list("pk", flat=True))


def audited(tenant) -> list[tuple]:
    with tenant_scope(tenant):
        return list(AuditEvent.objects.values_list("action", "actor", "object_type", "after"))


def test_all_of_a_job_and_of_no_other(ready, now):
    mine = {make_link(job=ready, now=now)[0].pk for _ in range(3)}
    make_link(job=make_job(tenant=ready.tenant, report=ready.report, status="completed", now=now), now=now)

    count = revoke(links.of_job, ready, now=now)

    assert (count, revoked(ready.tenant)) == (3, mine)
    assert audited(ready.tenant) == [("links.revoked", "adam@acme.example", "snapshotjob", {"job": str(ready.pk), "count": 3})]


def test_all_of_a_job_also_where_they_lead_to_files_prepared_again(ready, now):
    remake = make_job(tenant=ready.tenant, report=ready.report, status="completed", now=now, trigger="remake", retry_of=ready)
    link, _token = make_link(job=remake, now=now)

    assert revoke(links.of_job, ready, now=now) == 1
    assert revoked(ready.tenant) == {link.pk}


@pytest.fixture
def twice_again(ready, now):
    """Its files were prepared again, were missed again, and the job for that failed and was run again by a person."""
    again = {"tenant": ready.tenant, "report": ready.report, "now": now}
    first = make_job(status="completed", trigger="remake", retry_of=ready, **again)
    failed = make_job(status="failed", trigger="remake", retry_of=first, **again)
    return make_job(status="completed", trigger="retry", retry_of=failed, **again)


def test_all_of_a_job_however_often_its_files_were_prepared_again(ready, twice_again, now):
    link, _token = make_link(job=twice_again, now=now)

    assert revoke(links.of_job, ready, now=now) == 1
    assert revoked(ready.tenant) == {link.pk}


def test_a_run_of_its_own_of_what_was_prepared_again_is_another_job(ready, twice_again, now):
    rerun = make_job(tenant=ready.tenant, report=ready.report, status="completed", trigger="retry", retry_of=twice_again, now=now)
    make_link(job=rerun, now=now)

    assert revoke(links.of_job, ready, now=now) == 0


def test_all_of_an_address_however_it_is_written(ready, now):
    mine = {make_link(job=ready, now=now, email="gm@azurebay.example")[0].pk for _ in range(2)}
    make_link(job=ready, now=now, email="ops@azurebay.example")
    make_link(job=ready, now=now)

    assert revoke(links.of_address, ready.tenant, " GM@azurebay.example", now=now) == 2
    assert revoked(ready.tenant) == mine
    assert audited(ready.tenant)[0][3] == {"count": 2}, "an address would outlive the erasure of its person"


def test_all_of_a_schedule(ready, now):
    schedule, other = (make_schedule(tenant=ready.tenant, report=ready.report) for _ in range(2))
    mine = set()
    for number, of in enumerate((schedule, schedule, other)):
        occurrence = make_occurrence(schedule=of, planned_at=now + timedelta(hours=number))
        job = make_job(tenant=ready.tenant, report=ready.report, status="completed", now=now, occurrence=occurrence)
        with tenant_scope(ready.tenant):
            link = links.for_delivery(make_delivery(job=job), now=now).link
        remake = make_job(tenant=ready.tenant, report=ready.report, status="completed", now=now, trigger="remake", retry_of=job)
        by_hand, _token = make_link(job=remake, now=now)
        mine |= {link.pk, by_hand.pk} if of is schedule else set()

    assert revoke(links.of_schedule, schedule, now=now) == 4
    assert revoked(ready.tenant) == mine


def test_ended_ones_go_too_because_a_new_one_could_be_asked_for(ready, now):
    ended, _token = make_link(job=ready, now=now, email="gm@azurebay.example", expires_at=now - timedelta(days=1))
    make_link(job=ready, now=now, email="gm@azurebay.example")

    with tenant_scope(ready.tenant):
        which = links.of_address(ready.tenant, "gm@azurebay.example")
        told = which.count(now)
        links.revoke_all(which, ADAM, now=now)
        asked = links.ask_for_new_link(Link.objects.get(pk=ended.pk), now=now)

    assert told == (2, 1)
    assert not asked


def test_twice_changes_nothing_and_is_written_down_once(ready, now):
    make_link(job=ready, now=now)

    assert [revoke(links.of_job, ready, now=now + timedelta(hours=later)) for later in range(2)] == [1, 0]
    assert len(audited(ready.tenant)) == 1
    with tenant_scope(ready.tenant):
        assert Link.objects.get().revoked_at == now


def test_takes_a_fixed_number_of_statements(ready, now, django_assert_num_queries):
    for _ in range(30):
        make_link(job=ready, now=now)

    with tenant_scope(ready.tenant), django_assert_num_queries(3):
        assert links.revoke_all(links.of_job(ready), ADAM, now=now) == 30


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", range(5))
def test_row_23_of_a_click_and_a_revocation_at_once_no_grant_comes_after_the_commit(number, ready, now):
    link, _token = make_link(job=ready, now=now)
    file = make_file(job=ready, format="CSV")
    gate, committed, late = threading.Barrier(6), threading.Event(), []

    def click() -> None:
        gate.wait()
        for _ in range(10):
            was_revoked = committed.is_set()
            with tenant_scope(link.tenant_id):
                granted = links.redeem(link, [file], VISITOR, repeated=False, now=now)
            if granted and was_revoked:
                late.append(link)

    def take_back() -> None:
        gate.wait()
        revoke(links.of_job, ready, now=now)
        committed.set()

    faults = together(*[click] * 5, take_back)

    with tenant_scope(ready.tenant):
        row, downloads = Link.objects.get(pk=link.pk), Download.objects.filter(link=link).count()
    assert (faults, late) == ([], [])
    assert row.revoked_at
    assert row.uses == downloads
