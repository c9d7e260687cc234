"""The end of jobs and deliveries, and what the occurrence comes to."""

from __future__ import annotations

import pytest

from reports import jobs
from reports.models import SnapshotFile
from reports.occurrences import reasons
from tenants.scope import tenant_scope
from tests import factories
from tests.reports.occurrences import steps
from tests.reports.occurrences.steps import complete, deliveries_of, fail, jobs_of, send, the_occurrence

pytestmark = pytest.mark.django_db


@pytest.fixture
def running(acme, schedule, monday):
    """Two people of the own rows, one of the north desk's; their jobs are queued."""
    own = [factories.make_recipient(tenant=acme, email=f"{name}@c.example") for name in ("anna", "ben")]
    factories.make_audience(schedule=schedule, recipients=own)
    north = factories.make_recipient(tenant=acme, email="cara@c.example")
    factories.make_audience(schedule=schedule, name="North", session_tags={"desk": "north"}, recipients=[north])
    steps.note(monday)
    steps.expand()
    return schedule


def own_and_north(schedule):
    return sorted(jobs_of(schedule), key=lambda job: len(job.narrowing_tags))


def test_deliveries_are_due_when_their_job_completed_and_not_before(running, now):
    own, _north = own_and_north(running)

    complete(own, now)

    assert [(d.address, d.next_try_at) for d in deliveries_of(running)] == [
        ("anna@c.example", now),
        ("ben@c.example", now),
        ("cara@c.example", None),
    ]
    assert the_occurrence(running).status == "running"


def test_deliveries_of_a_failed_job_fail_with_it(running, now):
    own, north = own_and_north(running)

    complete(own, now)
    fail(north, now)

    assert [(d.status, d.failure_code) for d in deliveries_of(running)] == [("pending", ""), ("pending", ""), ("failed", "job_failed")]


def test_an_occurrence_ends_with_its_last_delivery(running, now):
    for job in jobs_of(running):
        complete(job, now)
    first, *others, last = deliveries_of(running)

    for delivery in (first, *others):
        send(delivery, now)
        assert (the_occurrence(running).status, the_occurrence(running).ended_at) == ("running", None)
    send(last, now)

    assert (the_occurrence(running).status, the_occurrence(running).ended_at, the_occurrence(running).reason) == ("delivered", now, "")


@pytest.mark.parametrize(
    ("ends", "status"),
    [
        (["sent", "sent", "failed"], "partly_delivered"),
        (["sent", "sent", "bounced"], "partly_delivered"),
        (["failed", "failed", "failed"], "failed"),
        (["sent", "sent", "suppressed"], "delivered"),
        (["suppressed", "suppressed", "suppressed"], "skipped"),
    ],
)
def test_what_it_came_to(running, now, ends, status):
    for job in jobs_of(running):
        complete(job, now)

    for delivery, end in zip(deliveries_of(running), ends, strict=True):
        send(delivery, now, end)

    assert the_occurrence(running).status == status
    assert bool(reasons.words(the_occurrence(running))) == (status != "delivered")


def test_all_jobs_failed(running, now):
    for job in jobs_of(running):
        fail(job, now, "service_unavailable")

    occurrence = the_occurrence(running)
    assert (occurrence.status, occurrence.reason, occurrence.detail) == ("failed", "jobs_failed", {"code": "service_unavailable"})
    assert "QuickSight did not answer" in reasons.words(occurrence)


def test_a_cancelled_job_ends_its_deliveries(running, now):
    with tenant_scope(running.tenant):
        for job in jobs_of(running):
            jobs.cancel(job, steps.ADAM, now=now)

    assert {d.status for d in deliveries_of(running)} == {"failed"}
    assert the_occurrence(running).status == "failed"


def test_a_bounce_after_the_end_is_told(running, now):
    for job in jobs_of(running):
        complete(job, now)
    for delivery in deliveries_of(running):
        send(delivery, now)

    send(deliveries_of(running)[0], now, "bounced")

    assert (the_occurrence(running).status, the_occurrence(running).ended_at) == ("partly_delivered", now)


@pytest.fixture
def sends_no_empty_ones(acme, report, monday):
    schedule = factories.make_schedule(tenant=acme, report=report, formats=["PDF", "CSV"], skip_if_empty=True, next_run_at=monday)
    factories.make_audience(schedule=schedule, recipients=[factories.make_recipient(tenant=acme)])
    steps.note(monday)
    steps.expand()
    return schedule


def with_rows(job, *rows):
    for number, data_rows in enumerate(rows):
        factories.make_file(job=job, format="CSV", visual_id=f"table-{number}", data_rows=data_rows)


def test_an_empty_report_is_not_sent_and_the_occurrence_says_so(sends_no_empty_ones, now):
    (job,) = jobs_of(sends_no_empty_ones)
    with_rows(job, 0, 0)

    complete(job, now)

    (delivery,) = deliveries_of(sends_no_empty_ones)
    assert (delivery.status, delivery.failure_code) == ("suppressed", "empty")
    occurrence = the_occurrence(sends_no_empty_ones)
    assert (occurrence.status, occurrence.reason) == ("skipped", "empty")


@pytest.mark.parametrize("rows", [(), (0, 3), (0, None)], ids=["no CSV", "one with rows", "not counted"])
def test_what_is_not_known_to_be_empty_is_sent(sends_no_empty_ones, now, rows):
    (job,) = jobs_of(sends_no_empty_ones)
    with_rows(job, *rows)

    complete(job, now)

    (delivery,) = deliveries_of(sends_no_empty_ones)
    assert (delivery.status, delivery.next_try_at) == ("pending", now)


def test_an_empty_report_is_sent_where_nobody_wants_it_skipped(running, now):
    own, _north = own_and_north(running)
    with_rows(own, 0)

    complete(own, now)

    assert deliveries_of(running)[0].next_try_at == now
    with tenant_scope(running.tenant):
        assert SnapshotFile.objects.get().data_rows == 0
