"""From a planned occurrence to its jobs and deliveries: all of it or nothing, once."""

from __future__ import annotations

import uuid
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError

from reports.models import Grant, Occurrence, Schedule, SnapshotJob, Suppression
from reports.occurrences import expanding, reasons, settling, taking, wanting
from reports.occurrences.expanding import Expander, expand
from reports.occurrences.taking import Round, Taken
from tenants.models import Tenant
from tenants.scope import engine_scope, platform_scope, tenant_scope
from tests import factories
from tests.reports.engine.threads import together
from tests.reports.occurrences import steps

pytestmark = pytest.mark.django_db


@pytest.fixture
def due(schedule, monday):
    """The schedule with an occurrence that is planned."""
    steps.note(monday)
    return schedule


def told(schedule: Schedule) -> list[tuple[str, str, str]]:
    return [(delivery.address, delivery.status, delivery.failure_code) for delivery in steps.deliveries_of(schedule)]


def test_three_audiences_with_two_sets_of_tags_are_two_jobs_and_everybody_is_served_once(acme, due):
    anna, ben, cara, dan = (factories.make_recipient(tenant=acme, email=f"{name}@c.example") for name in ("anna", "ben", "cara", "dan"))
    desk_team = factories.make_group(tenant=acme, recipients=[cara, dan])
    factories.make_audience(schedule=due, name="North", session_tags={"desk": "north"}, recipients=[anna, ben])
    factories.make_audience(schedule=due, name="North too", session_tags={"desk": "north"}, recipients=[ben], groups=[desk_team])
    factories.make_audience(schedule=due, name="South", session_tags={"desk": "south"}, recipients=[dan])

    steps.expand()

    north, south = sorted(steps.jobs_of(due), key=lambda job: job.narrowing_tags["desk"])
    assert (north.narrowing_tags, south.narrowing_tags) == ({"desk": "north"}, {"desk": "south"})
    assert north.fingerprint != south.fingerprint
    served = [(delivery.address, delivery.job_id) for delivery in steps.deliveries_of(due)]
    to_north, to_south = ("anna", "ben", "cara", "dan"), ("dan",)
    expected = [(f"{name}@c.example", north.pk) for name in to_north] + [(f"{name}@c.example", south.pk) for name in to_south]
    assert sorted(served, key=str) == sorted(expected, key=str)
    assert steps.the_occurrence(due).status == "running"
    assert {delivery.next_try_at for delivery in steps.deliveries_of(due)} == {None}


def test_a_job_of_a_schedule_waits_behind_those_that_people_asked_for(acme, due):
    steps.expand()

    (job,) = steps.jobs_of(due)
    assert (job.lane, job.trigger, job.status, job.actor) == (SnapshotJob.Lane.SCHEDULED, "schedule", "queued", "schedule weekdays")
    assert job.deadline_at > job.created_at


def test_without_anybody_to_send_to_there_is_one_job_to_download(due):
    steps.expand()

    (job,) = steps.jobs_of(due)
    assert (job.narrowing_tags, steps.deliveries_of(due)) == ({}, [])


def test_an_audience_without_people_makes_no_job(acme, due):
    factories.make_audience(schedule=due, name="North", session_tags={"desk": "north"})
    factories.make_audience(schedule=due, name="South", session_tags={"desk": "south"}, recipients=[factories.make_recipient(tenant=acme)])

    steps.expand()

    assert [job.narrowing_tags for job in steps.jobs_of(due)] == [{"desk": "south"}]


def test_a_copy_is_of_the_companys_own_rows_and_comes_once(acme, report, monday):
    anna = factories.make_recipient(tenant=acme, email="anna@c.example")
    schedule = factories.make_schedule(tenant=acme, report=report, next_run_at=monday, cc=["Boss@c.example", "anna@c.example"])
    factories.make_audience(schedule=schedule, recipients=[anna])
    steps.note(monday)

    steps.expand()

    copies = {delivery.address: (delivery.is_copy, delivery.recipient_id) for delivery in steps.deliveries_of(schedule)}
    assert copies == {"anna@c.example": (False, anna.pk), "boss@c.example": (True, None)}
    assert len(steps.jobs_of(schedule)) == 1


def test_who_stopped_the_mails_and_whose_domain_is_not_allowed_stand_in_the_ledger_and_get_nothing(acme, due, now):
    with platform_scope():
        Tenant.objects.filter(pk=acme.pk).update(recipient_domains=["c.example"])
    addresses = ("anna@c.example", "ben@c.example", "cara@elsewhere.example")
    factories.make_audience(schedule=due, recipients=[factories.make_recipient(tenant=acme, email=address) for address in addresses])
    with tenant_scope(acme):
        Suppression.objects.create(tenant=acme, email="ben@c.example", reason="unsubscribed", at=now)

    steps.expand()

    assert told(due) == [
        ("anna@c.example", "pending", ""),
        ("ben@c.example", "suppressed", "unsubscribed"),
        ("cara@elsewhere.example", "suppressed", "domain_not_allowed"),
    ]


def test_a_recipients_own_language_wins(acme, due):
    people = [
        factories.make_recipient(tenant=acme, email="a@c.example", language="de"),
        factories.make_recipient(tenant=acme, email="b@c.example"),
    ]
    factories.make_audience(schedule=due, recipients=people)

    steps.expand()

    assert [delivery.language for delivery in steps.deliveries_of(due)] == ["de", "en"]


def test_a_report_that_was_withdrawn_ends_the_occurrence_in_words(acme, due, report):
    factories.make_audience(schedule=due, recipients=[factories.make_recipient(tenant=acme)])
    with tenant_scope(acme):
        Grant.objects.filter(report=report).update(withdrawn_at=due.created_at)

    steps.expand()

    occurrence = steps.the_occurrence(due)
    assert (occurrence.status, occurrence.reason) == ("failed", "report_not_available")
    assert (steps.jobs_of(due), steps.deliveries_of(due)) == ([], [])


def test_parameters_that_no_longer_fit_end_the_occurrence_in_words(acme, monday):
    schedule = factories.make_schedule(tenant=acme, report=factories.make_report(), parameters={"Region": ["Moon"]}, next_run_at=monday)
    steps.note(monday)

    steps.expand()

    occurrence = steps.the_occurrence(schedule)
    assert (occurrence.status, occurrence.reason) == ("failed", "parameters")
    assert "Region" in occurrence.detail["text"]


def test_a_day_as_parameter_begins_in_the_schedules_zone(acme, monday):
    report = factories.make_report(parameters=[{"name": "From", "type": "datetime"}])
    schedule = factories.make_schedule(
        tenant=acme, report=report, timezone="America/New_York", parameters={"From": "2026-03-01"}, next_run_at=monday
    )
    steps.note(monday)

    steps.expand()

    (job,) = steps.jobs_of(schedule)
    assert job.parameters == {"From": ["2026-03-01T00:00:00-05:00"]}


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"enabled": False, "paused_by": "olga@acme.example"}, "paused"), ({"retired_at": "now"}, "retired")],
)
def test_what_was_paused_or_deleted_after_it_was_due_does_not_run(acme, due, now, change, reason):
    with tenant_scope(acme):
        Schedule.objects.filter(pk=due.pk).update(**{name: now if value == "now" else value for name, value in change.items()})

    steps.expand()

    occurrence = steps.the_occurrence(due)
    assert (occurrence.status, occurrence.reason) == ("skipped", reason)
    assert steps.jobs_of(due) == []


def test_an_occurrence_that_breaks_each_time_fails_after_three_starts_and_keeps_no_other_waiting(
    acme, report, due, monday, monkeypatch, json_log
):
    other = factories.make_schedule(tenant=acme, report=report, next_run_at=monday)
    steps.note(monday)
    original = wanting.make_jobs

    def breaks(occurrence, *values):
        if occurrence.schedule_id == due.pk:
            raise RuntimeError("as a fault in our code would")
        return original(occurrence, *values)

    monkeypatch.setattr(wanting, "make_jobs", breaks)
    for start in (1, 2, 3):
        steps.expand()
        assert (steps.the_occurrence(due).status, steps.the_occurrence(due).tries) == ("planned", start)

    steps.expand()

    occurrence = steps.the_occurrence(due)
    assert (occurrence.status, occurrence.reason, steps.jobs_of(due)) == ("failed", "internal", [])
    assert steps.the_occurrence(other).status == "running"
    assert len([line for line in json_log() if "occurrence_given_up" in line["message"]]) == 1


def test_one_that_cannot_even_be_given_up_keeps_no_other_waiting(acme, report, due, monday, monkeypatch):
    other = factories.make_schedule(tenant=acme, report=report, next_run_at=monday)
    steps.note(monday)
    with tenant_scope(acme):
        Occurrence.objects.filter(schedule=due).update(tries=expanding.MAX_TRIES)

    def breaks(*_):
        raise RuntimeError("as a fault in our code would")

    monkeypatch.setattr(settling, "run_failed", breaks)
    steps.expand()

    assert [steps.the_occurrence(schedule).status for schedule in (due, other)] == ["planned", "running"]


def test_one_that_was_begun_before_waits_for_its_lease_and_the_next_expander_does_not(acme, due):
    half = steps.half_of(acme)

    with engine_scope():
        (taken,) = Round(half).fresh(20)
        again = Round(half).begun() + Round(half).fresh(20)

    assert (taken.tries, again) == (1, [])
    Expander(half).turn()
    assert (steps.the_occurrence(due).status, steps.the_occurrence(due).tries) == ("running", 2)


def test_tenants_take_turns_and_each_ones_oldest_goes_first(report, monday):
    flooding, small = (factories.make_tenant(id=uuid.UUID(int=number)) for number in (2, 4))
    flood = factories.make_schedule(tenant=flooding, report=report, next_run_at=None)
    single = factories.make_schedule(tenant=small, report=report, next_run_at=None)
    for minute in range(30):
        factories.make_occurrence(schedule=flood, planned_at=monday + timedelta(minutes=minute))
    factories.make_occurrence(schedule=single, planned_at=monday + timedelta(hours=9))

    with engine_scope():
        taken = Round(steps.half_of(small)).fresh(2)

    oldest = steps.occurrences_of(flood)[0]
    assert {row.id for row in taken} == {oldest.pk, steps.the_occurrence(single).pk}


def test_the_two_expanders_share_the_tenants_and_neither_lets_go_what_the_other_holds(report, monday):
    tenants = [factories.make_tenant(id=uuid.UUID(int=number)) for number in range(1, 9)]
    for tenant in tenants:
        schedule = factories.make_schedule(tenant=tenant, report=report, next_run_at=None)
        factories.make_occurrence(schedule=schedule, planned_at=monday)

    with engine_scope():
        first = Round(0).fresh(20)
        taking.release_all(1)
        second = Round(1).fresh(20)
        again = Round(0).fresh(20)

    assert {row.tenant_id for row in first} == {tenant.pk for tenant in tenants if steps.half_of(tenant) == 0}
    assert {row.tenant_id for row in first + second} == {tenant.pk for tenant in tenants}
    assert again == []


@pytest.mark.django_db(transaction=True)
def test_two_expanders_at_once_make_the_jobs_once(acme, report, monday):
    schedules = [factories.make_schedule(tenant=acme, report=report, next_run_at=monday) for _ in range(5)]
    steps.note(monday)

    faults = []
    for schedule in schedules:
        occurrence = steps.the_occurrence(schedule)
        taken = Taken(occurrence.pk, acme.pk, 1)
        faults += together(*(lambda taken=taken: expand(taken, monday) for _ in range(3)))

    assert faults == []
    assert [len(steps.jobs_of(schedule)) for schedule in schedules] == [1] * 5


def test_the_same_rows_twice_in_an_occurrence_cannot_be_stored(acme, due):
    steps.expand()
    (job,) = steps.jobs_of(due)
    job.pk = uuid4()

    with pytest.raises(IntegrityError, match="one_job_per_rows_of_an_occurrence"), tenant_scope(acme):
        job.save(force_insert=True)


def test_more_jobs_than_may_wait_are_not_made_and_the_run_says_why(acme, due):
    for name in ("north", "south"):
        person = factories.make_recipient(tenant=acme)
        factories.make_audience(schedule=due, name=name, session_tags={"desk": name}, recipients=[person])
    with platform_scope():
        Tenant.objects.filter(pk=acme.pk).update(max_waiting=1)

    steps.expand()

    occurrence = steps.the_occurrence(due)
    assert (occurrence.status, occurrence.reason, steps.jobs_of(due), steps.deliveries_of(due)) == ("failed", "queue_full", [], [])
    assert "with 2 more they would be more than the 1 that may wait" in reasons.words(occurrence)
