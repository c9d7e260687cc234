"""What people do with a schedule: run it now, pause and resume it, remove it, and try again only what failed."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import uuid4

import pytest

from reports import jobs
from reports.delivery import outcomes
from reports.models import Delivery, Grant, Notice, Suppression
from reports.occurrences import acting, reasons
from reports.refused import Refused
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests import factories
from tests.reports.engine.threads import together
from tests.reports.occurrences import steps
from tests.reports.occurrences.steps import ADAM, complete, deliveries_of, fail, jobs_of, now_of, occurrences_of, send, the_occurrence

pytestmark = pytest.mark.django_db


def act(schedule, do, *values, now, **options):
    with tenant_scope(schedule.tenant):
        return do(*values, ADAM, now, **options)


def refusal(schedule, do, *values, now) -> str:
    with tenant_scope(schedule.tenant), pytest.raises(Refused) as refused:
        do(*values, ADAM, now)
    return refused.value.code


def audited(schedule) -> list[str]:
    with tenant_scope(schedule.tenant):
        return sorted(AuditEvent.objects.filter(actor=ADAM.label).values_list("action", flat=True))


def test_run_now_is_an_occurrence_of_its_own_in_the_first_lane(schedule, now):
    act(schedule, acting.run_now, now_of(schedule), now=now)
    steps.expand()

    occurrence = the_occurrence(schedule)
    assert (occurrence.kind, occurrence.planned_at, occurrence.actor, occurrence.status) == ("hand", now, ADAM.label, "running")
    (job,) = jobs_of(schedule)
    assert (job.lane, job.trigger, job.actor) == (jobs.SnapshotJob.Lane.NOW, "schedule", ADAM.label)
    assert audited(schedule) == ["schedule.run"]


def test_a_button_pressed_twice_runs_it_once(schedule, now):
    key = uuid4()

    first = act(schedule, acting.run_now, now_of(schedule), now=now, form_key=key)
    second = act(schedule, acting.run_now, now_of(schedule), now=now + timedelta(seconds=1), form_key=key)

    assert first.pk == second.pk == the_occurrence(schedule).pk
    assert audited(schedule) == ["schedule.run"]


def test_a_paused_schedule_can_be_run_by_hand(schedule, now):
    act(schedule, acting.pause, now_of(schedule), now=now)

    act(schedule, acting.run_now, now_of(schedule), now=now)
    steps.expand()

    assert the_occurrence(schedule).status == "running"


def test_what_was_removed_or_withdrawn_is_not_run(schedule, report, now):
    with tenant_scope(schedule.tenant):
        Grant.objects.update(withdrawn_at=now)
    assert refusal(schedule, acting.run_now, now_of(schedule), now=now) == "report_not_available"

    act(schedule, acting.retire, now_of(schedule), now=now)
    assert refusal(schedule, acting.run_now, now_of(schedule), now=now) == "schedule_retired"
    assert occurrences_of(schedule) == []


def test_pausing_and_resuming_twice_changes_nothing_more(schedule, now):
    for moment in (now, now + timedelta(hours=1)):
        act(schedule, acting.pause, now_of(schedule), now=moment)
    paused = now_of(schedule)
    for moment in (now, now + timedelta(hours=1)):
        act(schedule, acting.resume, now_of(schedule), now=moment)

    assert (paused.enabled, paused.paused_at, paused.paused_by) == (False, now, ADAM.label)
    assert (now_of(schedule).enabled, now_of(schedule).paused_at, now_of(schedule).paused_by) == (True, None, "")
    assert audited(schedule) == ["schedule.paused", "schedule.resumed"]


def test_what_came_due_during_a_pause_does_not_run_when_it_is_over(schedule, monday):
    act(schedule, acting.pause, now_of(schedule), now=monday - timedelta(hours=1))

    act(schedule, acting.resume, now_of(schedule), now=monday + timedelta(days=1, minutes=1))
    steps.note(monday + timedelta(days=2))

    assert [(o.status, o.reason) for o in occurrences_of(schedule)] == [("skipped", "paused"), ("skipped", "paused"), ("planned", "")]
    assert "paused by adam@acme.example" in reasons.words(occurrences_of(schedule)[0])


def test_what_the_portal_paused_has_to_be_put_right(acme, report, monday):
    schedule = factories.make_schedule(tenant=acme, report=report, cron="nonsense", next_run_at=monday)
    steps.note(monday)

    assert refusal(schedule, acting.resume, now_of(schedule), now=monday) == "schedule_fault"
    assert refusal(schedule, acting.run_now, now_of(schedule), now=monday) == "schedule_fault"
    assert now_of(schedule).enabled is False


@pytest.fixture
def partly(acme, schedule, monday):
    """anna has it, ben's mail server refused; the job of cara's rows failed."""
    own = [factories.make_recipient(tenant=acme, email=f"{name}@c.example") for name in ("anna", "ben")]
    factories.make_audience(schedule=schedule, recipients=own)
    north = factories.make_recipient(tenant=acme, email="cara@c.example")
    factories.make_audience(schedule=schedule, name="North", session_tags={"desk": "north"}, recipients=[north])
    steps.note(monday)
    steps.expand()
    own_rows, northern = sorted(jobs_of(schedule), key=lambda job: len(job.narrowing_tags))
    complete(own_rows, monday)
    fail(northern, monday)
    anna, ben, _cara = deliveries_of(schedule)
    send(anna, monday)
    send(ben, monday, "failed", "mailbox_full")
    return schedule


def test_only_what_failed_is_tried_again(partly, now):
    assert the_occurrence(partly).status == "partly_delivered"

    number = act(partly, acting.retry_failed, the_occurrence(partly), now=now)

    assert number == 2
    anna, ben, cara = deliveries_of(partly)
    assert (anna.status, ben.status, ben.next_try_at, cara.status, cara.next_try_at) == ("sent", "pending", now, "pending", None)
    *_firsts, again = jobs_of(partly)
    failed = cara.job.retry_of_id
    assert (again.pk, again.round, again.retry_of_id, again.narrowing_tags) == (cara.job_id, 2, failed, {"desk": "north"})
    assert (the_occurrence(partly).status, the_occurrence(partly).ended_at, the_occurrence(partly).reason) == ("running", None, "")
    assert audited(partly) == ["occurrence.retried"]


def test_a_second_round_ends_the_occurrence(partly, now):
    act(partly, acting.retry_failed, the_occurrence(partly), now=now)
    complete(jobs_of(partly)[-1], now)
    for delivery in deliveries_of(partly):
        send(delivery, now)

    assert (the_occurrence(partly).status, the_occurrence(partly).reason) == ("delivered", "")


def test_a_job_that_failed_again_is_tried_a_third_time(partly, now):
    act(partly, acting.retry_failed, the_occurrence(partly), now=now)
    fail(jobs_of(partly)[-1], now)

    assert act(partly, acting.retry_failed, the_occurrence(partly), now=now) == 1

    assert [job.round for job in jobs_of(partly) if job.narrowing_tags] == [1, 2, 3]


def test_where_nothing_failed_nothing_is_tried_again(partly, now):
    act(partly, acting.retry_failed, the_occurrence(partly), now=now)

    assert refusal(partly, acting.retry_failed, the_occurrence(partly), now=now) == "nothing_failed"
    assert len(jobs_of(partly)) == 3


def test_an_address_that_takes_no_mails_is_not_tried_again(partly, now):
    with tenant_scope(partly.tenant):
        Suppression.objects.create(tenant=partly.tenant, email="ben@c.example", reason="bounced", at=now)

    assert act(partly, acting.retry_failed, the_occurrence(partly), now=now) == 1
    assert deliveries_of(partly)[1].status == "failed"


def test_where_only_such_addresses_are_left_it_says_how_one_is_tried_again(partly, now):
    with tenant_scope(partly.tenant):
        Suppression.objects.create(tenant=partly.tenant, email="ben@c.example", reason="bounced", at=now)
    act(partly, acting.retry_failed, the_occurrence(partly), now=now)

    with tenant_scope(partly.tenant), pytest.raises(Refused, match="“Send again”"):
        acting.retry_failed(the_occurrence(partly), ADAM, now)


def test_a_report_that_was_withdrawn_is_not_made_again_and_nothing_is_half_done(partly, now):
    with tenant_scope(partly.tenant):
        Grant.objects.update(withdrawn_at=now)

    assert refusal(partly, acting.retry_failed, the_occurrence(partly), now=now) == "report_not_available"
    assert [delivery.status for delivery in deliveries_of(partly)] == ["sent", "failed", "failed"]


def test_an_occurrence_without_jobs_is_expanded_again(partly, monday, now):
    with tenant_scope(partly.tenant):
        Grant.objects.update(withdrawn_at=now)
    steps.note(monday + timedelta(days=1))
    steps.expand()
    failed = occurrences_of(partly)[-1]
    with tenant_scope(partly.tenant):
        Grant.objects.update(withdrawn_at=None)

    assert act(partly, acting.retry_failed, failed, now=now) == 1
    steps.expand()

    assert (failed.status, occurrences_of(partly)[-1].status) == ("failed", "running")


def test_a_retry_from_the_jobs_own_page_serves_those_who_wait(partly, now):
    failed = next(job for job in jobs_of(partly) if job.status == "failed")
    with tenant_scope(partly.tenant):
        again = jobs.retry(failed, ADAM, now=now)
        twice = jobs.retry(failed, ADAM, now=now)

    assert again.pk == twice.pk
    assert (again.round, again.occurrence_id, again.narrowing_tags) == (2, the_occurrence(partly).pk, {"desk": "north"})
    assert deliveries_of(partly)[2].job_id == again.pk
    assert the_occurrence(partly).status == "running"


def test_a_completed_job_that_is_run_again_is_nobodys_round_and_stays_narrow(partly, now):
    act(partly, acting.retry_failed, the_occurrence(partly), now=now)
    complete(jobs_of(partly)[-1], now)
    with tenant_scope(partly.tenant):
        again = jobs.retry(jobs_of_narrow(partly)[-1], ADAM, now=now)

    assert (again.occurrence_id, again.round, again.narrowing_tags) == (None, 1, {"desk": "north"})


def jobs_of_narrow(schedule):
    return [job for job in jobs_of(schedule) if job.narrowing_tags]


def test_the_owner_is_told_once_of_a_cause(acme, olga, partly, monday):
    with tenant_scope(acme):
        (notice,) = Notice.objects.all()
    assert (notice.kind, notice.address) == ("run_failed", "olga@acme.example")

    fail_everything(partly, monday + timedelta(minutes=10))

    with tenant_scope(acme):
        assert Notice.objects.count() == 1


def fail_everything(schedule, now):
    act(schedule, acting.retry_failed, the_occurrence(schedule), now=now)
    fail(jobs_of(schedule)[-1], now)
    for delivery in deliveries_of(schedule):
        if delivery.status == Delivery.Status.PENDING:
            send(delivery, now, "failed", "mailbox_full")


@pytest.mark.django_db(transaction=True)
def test_trying_again_does_not_wait_for_news_that_waits_for_it(partly, now):
    """A mail is told to have come back: first its own row is written, and then, after whoever is at it, its occurrence."""
    occurrence, (_anna, ben, _cara) = the_occurrence(partly), deliveries_of(partly)
    is_written, is_tried = threading.Event(), threading.Event()

    def hear():
        with tenant_scope(partly.tenant):
            row = Delivery.objects.select_for_update(of=("self",)).select_related("tenant").get(pk=ben.pk)
            is_written.set()
            is_tried.wait(1)
            outcomes.came_back(row, "returned", "gone", now, suppress=False)

    def try_again():
        assert is_written.wait(10)
        act(partly, acting.retry_failed, occurrence, now=now)
        is_tried.set()

    assert together(hear, try_again) == []
    assert [row.status for row in deliveries_of(partly)] == ["sent", "bounced", "pending"]


@pytest.mark.django_db(transaction=True)
def test_two_who_try_again_at_once_do_it_once(partly, now):
    occurrence = the_occurrence(partly)

    faults = together(*(lambda: act(partly, acting.retry_failed, occurrence, now=now) for _ in range(3)))

    assert [type(fault) for fault in faults] == [Refused, Refused]
    assert len(jobs_of(partly)) == 3
