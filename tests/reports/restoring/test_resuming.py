"""After a restore: what left does not leave again, what had not left does so once, and what nobody can know is left to people."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from reports import links
from reports.models import Delivery, Notice, SnapshotJob
from reports.occurrences import reasons
from reports.restoring import mark, mode, resuming
from reports.restoring.plan import NotRestored
from tenants.audit import Actor
from tenants.scope import tenant_scope
from tests import factories
from tests.pretend_aws import BUCKET
from tests.reports.delivery import steps as mail
from tests.reports.occurrences import steps as runs
from tests.reports.restoring import steps

pytestmark = pytest.mark.django_db
OPS = Actor("ops@anycompany.example")
KIM, LEE = "kim@acme.example", "lee@acme.example"


@pytest.fixture(autouse=True)
def _began(aws, account, restart):
    """The backup was made before anything of these tests was due."""
    steps.declare(timezone.now() - 3 * steps.HOUR)


@pytest.fixture
def waiting(acme, daily_calls):
    """A run whose job is done, as the backup holds it: Kim's and Lee's mails wait."""
    schedule = factories.make_schedule(tenant=acme, report=daily_calls, slug="waiting")
    run = factories.make_occurrence(schedule=schedule, status="running", expanded_at=timezone.now())
    job = factories.make_job(tenant=acme, report=daily_calls, status="completed", occurrence=run)
    factories.make_file(job=job)
    return [mail.due_delivery(job, address) for address in (KIM, LEE)]


def resume(**options) -> dict[str, int]:
    return resuming.resume(OPS, timezone.now(), **options)


def told(**options) -> str:
    out = io.StringIO()
    call_command("restored", stdout=out, **options)
    return out.getvalue()


def after(schedule):
    """What noting and expanding make of it then."""
    runs.note(timezone.now())
    runs.expand()
    return runs.the_occurrence(schedule), runs.deliveries_of(schedule)


def test_a_run_that_was_sent_to_all_is_not_made_again_and_says_so(schedule):
    steps.left(schedule, KIM)
    steps.left(schedule, LEE)

    done = resume()

    occurrence, deliveries = after(schedule)
    assert done["sent_runs"] == 1
    assert (occurrence.status, occurrence.reason, deliveries) == ("delivered", reasons.BEFORE_RESTORE, [])
    assert "restored from a backup: 2 emails" in reasons.words(occurrence)
    assert runs.now_of(schedule).next_run_at > timezone.now()


def test_a_run_that_was_sent_to_some_is_made_for_the_others_and_the_old_links_work(schedule):
    kims = steps.left(schedule, KIM)

    resume()

    occurrence, (kim, lee) = after(schedule)
    assert occurrence.status == "running"
    assert (kim.pk, kim.status, kim.failure_code) == (kims.id, "sent", "before_restore")
    assert lee.status == "pending"
    with tenant_scope(schedule.tenant):
        address = links.for_delivery(Delivery.objects.select_related("tenant", "job").get(pk=kim.pk), now=timezone.now())
    assert address.link.delivery_id == kims.id


def test_one_person_who_gets_two_sets_of_rows_gets_the_one_that_had_not_left(acme, daily_calls):
    schedule = steps.make_schedule(acme, daily_calls, KIM)
    with tenant_scope(acme):
        person = schedule.audiences.get().recipients.get()
    factories.make_audience(schedule=schedule, name="Desk", session_tags={"desk": "North"}, recipients=[person])
    steps.left(schedule, KIM)

    resume()

    _occurrence, deliveries = after(schedule)
    assert {str(row.job.narrowing_tags): row.status for row in deliveries} == {"{}": "sent", "{'desk': 'North'}": "pending"}


def test_a_run_that_the_log_does_not_know_runs_as_its_policy_says(schedule):
    done = resume()

    occurrence, deliveries = after(schedule)
    assert done["runs"] == 1
    assert (occurrence.status, [row.status for row in deliveries]) == ("running", ["pending", "pending"])


def test_a_run_that_was_noted_before_the_backup_and_sent_after_it_is_closed(schedule):
    runs.note(schedule.next_run_at + timedelta(minutes=1))
    for address in (KIM, LEE):
        steps.left(schedule, address)

    resume()

    occurrence, deliveries = after(schedule)
    assert (occurrence.status, deliveries) == ("delivered", [])


def test_a_run_by_hand_that_was_sent_is_shown_again(schedule):
    at = timezone.now() - timedelta(minutes=30)
    for address in (KIM, LEE):
        steps.left(schedule, address, planned_at=at, by_hand=True)

    resume()

    assert [(row.kind, row.status) for row in runs.occurrences_of(schedule) if row.planned_at == at] == [("hand", "delivered")]


def test_a_run_that_may_have_left_unlogged_is_held_for_people(schedule):
    done = resume(unlogged_since=schedule.next_run_at - timedelta(minutes=5))

    occurrence, deliveries = after(schedule)
    assert done["held_runs"] == 1
    assert (occurrence.status, occurrence.reason, deliveries) == ("missed", reasons.MAYBE_BEFORE_RESTORE, [])


def test_mails_that_left_are_marked_and_those_that_had_not_leave_once(waiting, smtp, settings):
    settings.EMAIL_URL = mail.url_of(smtp)
    kim, _lee = waiting
    steps.log(kim.tenant_id, KIM, id=kim.pk)

    resume()
    mail.carry_all()

    assert [found.recipients for found in smtp.mails] == [(LEE,)]
    assert mail.now_of(kim).failure_code == "before_restore"
    assert mail.status_of_occurrence(kim.job) == "delivered"


def test_the_link_of_a_mail_that_left_works_again(waiting):
    kim, _lee = waiting
    steps.log(kim.tenant_id, KIM, id=kim.pk)

    resume()

    with tenant_scope(kim.tenant_id):
        assert mail.now_of(kim).links.count() == 1


def test_mails_that_may_have_left_unlogged_are_not_sent_but_can_be(waiting, acme):
    resume(unlogged_since=timezone.now() - steps.HOUR)

    assert {(mail.now_of(row).status, mail.now_of(row).failure_code) for row in waiting} == {("failed", "maybe_before_restore")}
    assert mail.take(Delivery) == []


def test_a_notice_that_left_is_not_sent_again(acme, schedule):
    notice = mail.due_notice(acme, schedule=schedule)
    steps.log(acme.pk, notice.address, id=notice.pk, is_delivery=False)

    resume()

    assert mail.take(Notice) == []
    assert mail.now_of(notice).status == "sent"


def test_jobs_under_way_are_asked_about_although_their_deadline_passed_meanwhile(acme, daily_calls):
    long_ago = timezone.now() - timedelta(hours=9)
    job = factories.make_job(tenant=acme, report=daily_calls, status="running", now=long_ago, render_until=long_ago)
    now = timezone.now()

    resume()

    with tenant_scope(acme):
        job = SnapshotJob.objects.get(pk=job.pk)
    assert (job.status, job.lease_until) == ("running", None)
    assert job.deadline_at > now + timedelta(hours=5)
    assert job.next_look_at <= timezone.now()


def test_the_same_again_after_an_interruption_goes_on_from_there(acme, globex, daily_calls):
    schedules = [steps.make_schedule(tenant, daily_calls, KIM) for tenant in (acme, globex)]
    for schedule in schedules:
        steps.left(schedule, KIM)

    def break_off(found) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        resuming.resume(OPS, timezone.now(), tell=break_off)
    held = mode.state()
    resume()

    assert held is not None
    assert mode.state() is None
    assert [after(schedule)[0].status for schedule in schedules] == ["delivered"] * 2
    assert [len(steps.audited("restore.reconciled", tenant)) for tenant in (acme, globex)] == [1, 1]


def test_whoever_resumes_twice_is_told_that_it_is_over():
    resume()

    with pytest.raises(NotRestored):
        resume()


def test_the_old_database_that_is_at_work_still_finds_itself_behind():
    row = mode.installation()
    mark.write(row, timezone.now())

    resume()

    assert mark.read(row).generation == mode.installation().generation == row.generation + 1


def test_the_plan_counts_for_each_company_and_changes_nothing(waiting, schedule, aws):
    for address in (KIM, LEE):
        steps.left(schedule, address)
    aws.client("s3").put_object(Bucket=BUCKET, Key=f"t/r90/{schedule.tenant_id}/{'1' * 8}-0000-4000-8000-{'0' * 12}/x.csv", Body=b"12345")

    text = told(verbose=True)

    assert "Acme Hotels: runs to be made 0, sent before 1, sent in part 0, held 0" in text
    assert "mails to be sent 2" in text
    assert "1 jobs, 1 files, 5 bytes" in text
    assert f"sent before: schedule {schedule.pk}" in text
    assert mode.state() is not None
    assert runs.occurrences_of(schedule) == []


def test_the_command_says_what_it_did():
    assert "The portal goes on." in told(resume=True)

    with pytest.raises(CommandError, match="not known to be a backup"):
        told()


def test_discarding_wants_it_typed_and_is_on_record(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    with pytest.raises(CommandError, match="Nothing was changed"):
        told(discard=True)
    monkeypatch.setattr("sys.stdin", io.StringIO("mail everything again\n"))

    told(discard=True)

    assert mode.state() is None
    assert len(steps.audited("restore.discarded")) == 1


def test_s3_that_does_not_say_changes_nothing(schedule, aws):
    aws.control.set(denied=["s3:GetObject", "s3:ListBucket"])

    with pytest.raises(CommandError, match="nothing was changed"):
        told(resume=True)

    assert mode.state() is not None


def test_somebody_may_say_that_it_was_restored():
    resume()

    told(begin=True, backup_at=timezone.now() - steps.HOUR)

    assert mode.state().because == "Somebody said so"


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(CommandError, match="has no zone"):
        call_command("restored", "--begin", "--backup-at", "2026-03-02T02:00")
