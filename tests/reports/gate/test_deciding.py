"""What people decide about held files, and what becomes of those who wait for them."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from reports import files as handing_out
from reports import jobs
from reports.delivery.last_look import reason_not_to_send
from reports.gate import deciding
from reports.links import making, remaking
from reports.models import Delivery, Link, Review, SnapshotFile, SnapshotJob
from reports.occurrences.settling import settle
from reports.refused import Refused
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests.reports.gate import files, steps
from tests.reports.gate.steps import ADAM, OLGA

pytestmark = pytest.mark.django_db
FINE, STRANGE = files.pdf("Acme Hotels"), files.pdf("Globex Resorts")


@pytest.fixture
def held(aws, schedule) -> SnapshotJob:
    """A file of another company; two people wait for it."""
    job = steps.make_run(schedule, people=["anna@c.example", "ben@c.example"])
    job = steps.finish(aws, job, STRANGE)
    steps.review_all()
    return job


def decide(what, about, actor=ADAM, note="", now=None):
    with tenant_scope(about.tenant_id):
        return what(about, actor, now or timezone.now(), note)


def file_of(job) -> SnapshotFile:
    with tenant_scope(job.tenant_id):
        return SnapshotFile.objects.select_related("tenant", "job__tenant").get(job=job)


def test_what_is_released_goes_out_to_everybody_who_waits(acme, held):
    decide(deciding.release, held, note="Asked Rui.")

    review = steps.review_of(held)
    assert (review.status, review.decided_by, review.note) == ("released", "adam@acme.example", "Asked Rui.")
    assert [(delivery.status, delivery.next_try_at is not None) for delivery in steps.deliveries_of(held)] == [("pending", True)] * 2
    assert steps.told(acme) == ["job.held", "job.completed"]
    assert steps.run_of(held).status == "running"
    with tenant_scope(acme):
        assert reason_not_to_send(Delivery.objects.filter(job=held).first(), timezone.now()) == ""


def test_what_is_rejected_never_goes_out(acme, held):
    decide(deciding.reject, held)

    assert [(delivery.status, delivery.failure_code) for delivery in steps.deliveries_of(held)] == [("suppressed", "rejected")] * 2
    assert steps.told(acme) == ["job.held", "job.rejected"]
    run = steps.run_of(held)
    assert (run.status, run.reason) == ("skipped", "rejected")


@pytest.mark.parametrize("first", [deciding.release, deciding.reject])
@pytest.mark.parametrize("second", [deciding.release, deciding.reject, deciding.run_again])
def test_who_comes_second_is_told_who_was_first(held, first, second):
    decide(first, held, OLGA)

    with pytest.raises(Refused) as refused:
        decide(second, held, ADAM)

    assert refused.value.code == "job_not_held"
    assert "olga@acme.example" in refused.value.detail
    assert steps.review_of(held).decided_by == "olga@acme.example"


def test_a_decision_is_in_the_audit_log_with_its_note(acme, held):
    decide(deciding.reject, held, note="Wrong company.")

    with tenant_scope(acme):
        event = AuditEvent.objects.get(action="job.rejected")
    assert (event.actor, event.after["note"]) == ("adam@acme.example", "Wrong company.")


def test_a_note_that_is_too_long_decides_nothing(held):
    with pytest.raises(Refused) as refused:
        decide(deciding.release, held, note="x" * 301)

    assert refused.value.code == "note_too_long"
    assert steps.review_of(held).status == "held"


def test_undecided_in_its_hours_it_is_not_sent_and_the_owner_is_told(acme, held):
    assert steps.review_of(held).held_until - steps.review_of(held).held_at == timedelta(hours=24)

    steps.review_all()
    assert steps.review_of(held).status == "held"
    steps.let_pass(acme, hours=25)
    steps.review_all()

    assert steps.review_of(held).status == "rejected"
    assert [delivery.failure_code for delivery in steps.deliveries_of(held)] == ["not_released"] * 2
    assert steps.mails(acme) == [("olga@acme.example", "held"), ("olga@acme.example", "lapsed")]
    run = steps.run_of(held)
    assert (run.status, run.reason) == ("skipped", "not_released")
    with tenant_scope(acme):
        assert AuditEvent.objects.filter(action="job.not_released").count() == 1


def test_too_late_to_release_what_was_not_released_in_time(acme, held):
    steps.let_pass(acme, hours=25)
    steps.review_all()

    with pytest.raises(Refused) as refused:
        decide(deciding.release, held)

    assert refused.value.code == "job_not_held"


# A run of several jobs.
@pytest.fixture
def several(aws, schedule):
    """Two fine files and one of another company."""
    first = steps.make_run(schedule, people=["anna@c.example"])
    run = steps.run_of(first)
    north = steps.add_job(run, people=["ben@c.example"], tags={"desk": "north"})
    south = steps.add_job(run, people=["cara@c.example"], tags={"desk": "south"})
    with tenant_scope(schedule.tenant_id):
        schedule.release = "by_hand"
        schedule.save()
    found = [steps.finish(aws, first, FINE), steps.finish(aws, north, FINE), steps.finish(aws, south, STRANGE)]
    steps.review_all()
    return found


def test_a_run_is_held_as_long_as_one_of_its_jobs_is(several):
    first, north, south = several
    assert steps.run_of(first).status == "held"

    decide(deciding.reject, first)
    decide(deciding.reject, north)
    assert steps.run_of(first).status == "held"
    decide(deciding.reject, south)

    assert steps.run_of(first).status == "skipped"


def test_the_owner_gets_one_mail_for_a_run(acme, several):
    assert steps.mails(acme) == [("olga@acme.example", "held")]


def test_those_without_findings_go_and_the_others_wait_on(several):
    number = decide(deciding.release_usual, steps.run_of(several[0]))

    assert number == 2
    assert [steps.review_of(job).status for job in several] == ["released", "released", "held"]


def test_all_of_a_run_are_released_at_once(several):
    assert decide(deciding.release_all, steps.run_of(several[0])) == 3

    with pytest.raises(Refused) as refused:
        decide(deciding.release_all, steps.run_of(several[0]), OLGA)
    assert refused.value.code == "job_not_held"
    assert "adam@acme.example" in refused.value.detail


def test_all_of_a_run_are_rejected_at_once(several):
    assert decide(deciding.reject_all, steps.run_of(several[0])) == 3

    assert steps.run_of(several[0]).status == "skipped"


def test_a_run_of_which_a_part_was_sent_is_partly_delivered(acme, several):
    decide(deciding.release_usual, steps.run_of(several[0]))
    decide(deciding.reject_all, steps.run_of(several[0]))
    with tenant_scope(acme):
        Delivery.objects.filter(job__in=several[:2]).update(status="sent", ended_at=timezone.now(), next_try_at=None)
        settle(several[0].occurrence_id, timezone.now())

    run = steps.run_of(several[0])
    assert (run.status, run.reason) == ("partly_delivered", "rejected")


# Made again.
def test_one_that_is_run_again_takes_over_who_waits_and_passes_the_gate_itself(aws, acme, held):
    again = decide(deciding.run_again, held)

    assert steps.review_of(held).status == "rejected"
    assert (again.occurrence_id, again.round) == (held.occurrence_id, 2)
    assert [delivery.status for delivery in steps.deliveries_of(again)] == ["pending"] * 2
    assert steps.run_of(held).status == "running"
    steps.finish(aws, again, FINE)
    assert [delivery.next_try_at for delivery in steps.deliveries_of(again)] == [None, None]
    steps.review_all()
    assert [delivery.next_try_at is not None for delivery in steps.deliveries_of(again)] == [True, True]


def test_one_that_was_rejected_may_be_run_again_for_those_who_waited(held):
    decide(deciding.reject, held)

    with tenant_scope(held.tenant_id):
        again = jobs.retry(held, ADAM, now=timezone.now())

    assert [delivery.status for delivery in steps.deliveries_of(again)] == ["pending"] * 2


def test_a_held_job_is_neither_run_again_nor_corrected_behind_the_gate(held):
    with tenant_scope(held.tenant_id):
        with pytest.raises(Refused) as again:
            jobs.retry(held, ADAM, now=timezone.now())
        with pytest.raises(Refused) as corrected:
            jobs.correct(held, ADAM, "It was wrong.", now=timezone.now())

    assert (again.value.code, corrected.value.code) == ("job_held", "job_held")


# Ways to a file.
@pytest.mark.parametrize("state", ["checking", "held", "rejected"])
def test_no_link_and_no_download_of_what_was_not_released(aws, schedule, state):
    job = steps.finish(aws, steps.make_run(schedule), STRANGE)
    if state != "checking":
        steps.review_all()
    if state == "rejected":
        decide(deciding.reject, job)

    with tenant_scope(job.tenant_id):
        file = SnapshotFile.objects.select_related("tenant", "job").get(job=job)
        with pytest.raises(Refused) as link:
            making.create(job, ADAM, now=timezone.now())
        with pytest.raises(Refused) as download:
            handing_out.note_download(file, ADAM, now=timezone.now())
        with pytest.raises(Refused) as remade:
            remaking.make_again(job, file, ADAM, now=timezone.now())

    assert {link.value.code, download.value.code, remade.value.code} == {"job_held"}


def test_who_decides_may_look_and_that_is_a_download_like_any(held):
    with tenant_scope(held.tenant_id):
        file = SnapshotFile.objects.select_related("tenant").get(job=held)
        download = handing_out.note_download(file, ADAM, now=timezone.now(), decides=True)

    assert download.actor == "adam@acme.example"


def test_a_correction_of_a_gated_job_passes_the_gate_and_leads_nobody_to_it_before(aws, acme, schedule):
    first = steps.finish(aws, steps.make_run(schedule), FINE)
    steps.review_all()
    with tenant_scope(acme):
        made = making.create(SnapshotJob.objects.select_related("tenant").get(pk=first.pk), ADAM, now=timezone.now())
        correction = jobs.correct(first, ADAM, "The day was wrong.", now=timezone.now())
    correction = steps.finish(aws, correction, STRANGE)

    with tenant_scope(acme):
        assert Link.objects.get(pk=made.link.pk).superseded_by_id is None
        later = making.create(SnapshotJob.objects.select_related("tenant").get(pk=first.pk), ADAM, now=timezone.now())
        assert later.link.superseded_by_id is None
    steps.review_all()
    assert steps.review_of(correction).status == "held"
    decide(deciding.release, correction)

    with tenant_scope(acme):
        assert Link.objects.get(pk=made.link.pk).superseded_by_id == correction.pk


def test_what_is_prepared_again_of_a_released_job_passes_no_gate(aws, acme, schedule):
    first = steps.finish(aws, steps.make_run(schedule), FINE)
    steps.review_all()
    with tenant_scope(acme):
        file = SnapshotFile.objects.select_related("tenant", "job").get(job=first)
        remake = remaking.make_again(
            SnapshotJob.objects.select_related("tenant", "report").get(pk=first.pk), file, ADAM, now=timezone.now()
        )

    steps.finish(aws, remake, FINE)

    with tenant_scope(acme):
        assert not Review.objects.filter(job=remake).exists()


# Real connections.
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "rivals", [(deciding.release, deciding.release), (deciding.release, deciding.reject), (deciding.reject, deciding.release)]
)
def test_of_two_who_decide_at_once_one_does(aws, acme, schedule, rivals):
    job = steps.finish(aws, steps.make_run(schedule, people=["anna@c.example"]), STRANGE)
    steps.run()
    both, outcomes = threading.Barrier(2), []

    def press(what, actor):
        try:
            both.wait()
            decide(what, job, actor)
            outcomes.append("done")
        except Refused as refused:
            outcomes.append(refused.code)
        finally:
            connection.close()

    people = [threading.Thread(target=press, args=pair) for pair in zip(rivals, (ADAM, OLGA), strict=True)]
    for person in people:
        person.start()
    for person in people:
        person.join()

    assert sorted(outcomes) == ["done", "job_not_held"]
    ends = [type for type in steps.told(acme) if type in ("job.completed", "job.rejected")]
    assert len(ends) == 1
    with tenant_scope(acme):
        assert AuditEvent.objects.filter(action__in=("job.released", "job.rejected")).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_real_reviewer_checks_many_and_releases_each_once(aws, acme, schedule):
    made = [steps.finish(aws, steps.make_run(schedule, planned_at=timezone.now() - timedelta(hours=n)), FINE) for n in range(6)]

    steps.run()

    assert [steps.review_of(job).status for job in made] == ["released"] * 6
    assert steps.told(acme) == ["job.completed"] * 6
