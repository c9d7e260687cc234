"""Suspending a company: nobody of it comes in, nothing of it starts, leaves or opens, nothing is lost, and resuming undoes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from reports import pausing, suspending
from reports.models import Link, Pause
from reports.occurrences import reasons
from reports.refused import Refused
from tenants.audit import Actor
from tenants.models import AuditEvent, Tenant, User
from tenants.scope import engine_scope, staff_scope, tenant_scope
from tests import factories
from tests.recently import sign_in
from tests.reports.delivery import steps as mail_steps
from tests.reports.delivery.conftest import smtp
from tests.reports.engine import steps
from tests.reports.engine.conftest import account, aws, contrary_server, server
from tests.reports.engine.threads import together
from tests.reports.occurrences import steps as runs

__all__ = ["account", "aws", "contrary_server", "server", "smtp"]
pytestmark = pytest.mark.django_db
BECAUSE = "Two invoices are not paid."
MONDAY = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def suspend(tenant: Tenant, ines: User, *, because: str = BECAUSE, now: datetime | None = None) -> bool:
    with staff_scope(ines):
        return suspending.suspend(tenant, Actor(ines.email, user_id=ines.pk), because, now or timezone.now())


def resume(tenant: Tenant, ines: User, *, now: datetime | None = None) -> bool:
    with tenant_scope(tenant):
        suspending.skip_what_came_due(tenant, now or timezone.now())
    with staff_scope(ines):
        return suspending.resume(tenant, Actor(ines.email, user_id=ines.pk), now or timezone.now())


def pauses(tenant: Tenant) -> set[tuple[str, str]]:
    with tenant_scope(tenant):
        return set(Pause.objects.filter(tenant=tenant).values_list("kind", "because"))


def acts(tenant: Tenant) -> list[str]:
    """What its people read in its audit trail."""
    with tenant_scope(tenant):
        return list(AuditEvent.objects.filter(tenant=tenant).order_by("at", "id").values_list("action", flat=True))


@pytest.fixture
def report(account, acme, globex):
    report = factories.make_report(slug="daily-calls", account=account)
    for tenant in (acme, globex):
        factories.make_grant(tenant=tenant, report=report)
    return report


class TestTheAct:
    def test_it_pauses_jobs_and_mail_and_resuming_ends_both(self, acme, ines):
        suspended = suspend(acme, ines)
        while_suspended = pauses(acme)
        resumed = resume(acme, ines)

        assert (suspended, resumed) == (True, True)
        assert while_suspended == {("tenant", BECAUSE), ("delivery", BECAUSE)}
        assert pauses(acme) == set()
        with tenant_scope(acme):
            found = Tenant.objects.get(pk=acme.pk)
        assert (found.suspended_at, found.suspended_because) == (None, "")

    def test_twice_changes_nothing_and_each_is_on_record_once_for_both_readers(self, acme, ines):
        answers = [suspend(acme, ines), suspend(acme, ines, because="Another."), resume(acme, ines), resume(acme, ines)]

        with staff_scope(ines):
            of_staff = AuditEvent.objects.filter(action__in=("tenant.suspended", "tenant.unsuspended")).order_by("at")
            told = [(event.action, event.actor, event.object_id) for event in of_staff]
        assert answers == [True, False, True, False]
        assert acts(acme) == ["tenant.suspended", "tenant.unsuspended"]
        assert told == [(f"tenant.{what}", ines.email, str(acme.pk)) for what in ("suspended", "unsuspended")]

    @pytest.mark.parametrize("because", ["", " \n", "x" * 301])
    def test_without_a_reason_or_with_a_novel_nothing_is_suspended(self, acme, ines, because):
        with pytest.raises(Refused) as refused:
            suspend(acme, ines, because=because)

        assert refused.value.code == "reason_needed"
        assert pauses(acme) == set()
        assert acts(acme) == []

    def test_a_pause_from_before_stays_after_it(self, acme, ines):
        factories.make_pause(tenant=acme, by="omar@anycompany.example", because="Its data is loaded anew.", now=MONDAY)

        suspend(acme, ines)
        resume(acme, ines)

        assert pauses(acme) == {("tenant", "Its data is loaded anew.")}

    @pytest.mark.parametrize("kind", ["tenant", "delivery"])
    def test_its_pauses_end_with_it_alone(self, acme, ines, kind):
        suspend(acme, ines)

        with pytest.raises(Refused) as refused, engine_scope():
            pausing.resume(kind, acme, Actor("manage.py"), timezone.now())

        assert refused.value.code == "tenant_suspended"
        assert {found for found, _because in pauses(acme)} == {"tenant", "delivery"}

    def test_another_company_notices_nothing(self, acme, globex, ines, client, report):
        factories.make_job(tenant=globex, report=report)
        member = factories.make_member(tenant=globex, role="owner")

        suspend(acme, ines)

        assert pauses(globex) == set()
        assert sign_in(client, member).get("/t/globex/").status_code == 200


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_of_two_who_suspend_one_does(self, acme, ines):
        answers: list[bool] = []

        faults = together(*[lambda: answers.append(suspend(acme, ines))] * 2)

        assert faults == []
        assert sorted(answers) == [False, True]
        assert acts(acme) == ["tenant.suspended"]

    def test_suspending_and_resuming_leave_it_wholly_the_one_or_the_other(self, acme, ines):
        suspend(acme, ines)

        for _ in range(5):
            faults = together(lambda: suspend(acme, ines), lambda: resume(acme, ines))

            with tenant_scope(acme):
                is_suspended = Tenant.objects.get(pk=acme.pk).suspended_at is not None
            assert faults == []
            assert {kind for kind, _because in pauses(acme)} == ({"tenant", "delivery"} if is_suspended else set())

    def test_who_ends_an_older_pause_meanwhile_does_not_leave_it_running(self, acme, ines):
        for _ in range(5):
            factories.make_pause(tenant=acme, by="omar@anycompany.example", because="Older.")

            def end_the_pause() -> None:
                with engine_scope():
                    try:
                        pausing.resume("tenant", acme, Actor("manage.py"), timezone.now())
                    except Refused:
                        transaction.set_rollback(True)

            faults = together(lambda: suspend(acme, ines), end_the_pause)

            assert faults == []
            assert {kind for kind, _because in pauses(acme)} == {"tenant", "delivery"}
            resume(acme, ines)
            with engine_scope():
                Pause.objects.all().delete()


class TestWork:
    def test_what_waits_does_not_start_and_what_runs_ends(self, acme, globex, report, account, aws, ines):
        running = steps.submit(acme)
        steps.run_until(account, running, status="running")
        waiting = steps.submit(acme)
        suspend(acme, ines)
        other = steps.submit(globex)

        steps.run_until_ended(account, running, other)

        assert (steps.status_of(running), steps.status_of(other)) == ("completed", "completed")
        assert steps.status_of(waiting) == "queued"
        resume(acme, ines)
        steps.run_until_ended(account, waiting)
        assert steps.status_of(waiting) == "completed"

    def test_planned_runs_are_skipped_and_say_so_and_none_runs_late(self, acme, report, ines):
        schedule = factories.make_schedule(tenant=acme, report=report, cron="30 6 * * *", timezone="UTC", missed="all", next_run_at=MONDAY)
        suspend(acme, ines, now=MONDAY - MINUTE)
        runs.note(MONDAY + MINUTE)
        # Then no worker runs for two days.
        resume(acme, ines, now=MONDAY + 2 * DAY + MINUTE)
        runs.note(MONDAY + 3 * DAY)
        runs.expand()

        found = runs.occurrences_of(schedule)
        assert [(run.status, run.reason) for run in found] == [("skipped", reasons.SUSPENDED)] * 3 + [("running", "")]
        assert "suspended since" in reasons.words(found[0])
        assert len(runs.jobs_of(schedule)) == 1

    def test_a_run_that_was_noted_and_not_begun_is_skipped(self, acme, report, ines):
        schedule = factories.make_schedule(tenant=acme, report=report, next_run_at=MONDAY, timezone="UTC")
        runs.note(MONDAY)
        suspend(acme, ines, now=MONDAY)

        runs.expand()

        occurrence = runs.the_occurrence(schedule)
        assert (occurrence.status, occurrence.reason) == ("skipped", reasons.SUSPENDED)
        assert runs.jobs_of(schedule) == []

    def test_a_schedule_that_is_paused_itself_says_that(self, acme, report, ines):
        schedule = factories.make_schedule(
            tenant=acme, report=report, next_run_at=MONDAY, timezone="UTC", enabled=False, paused_at=MONDAY, paused_by="adam"
        )
        suspend(acme, ines, now=MONDAY - MINUTE)

        runs.note(MONDAY)

        assert runs.the_occurrence(schedule).reason == reasons.PAUSED


class TestMail:
    @pytest.fixture
    def delivery(self, acme, report):
        job = factories.make_job(tenant=acme, report=report, status="completed")
        factories.make_file(job=job)
        return mail_steps.due_delivery(job, "kim@acme.example")

    def test_it_waits_and_leaves_after_the_resumption(self, smtp, acme, ines, delivery):
        suspend(acme, ines)
        taken = mail_steps.carry_all()
        waiting = mail_steps.now_of(delivery)

        resume(acme, ines)
        mail_steps.carry_all()

        assert (taken, waiting.status, waiting.tries) == (0, "pending", 0)
        assert [mail.recipients for mail in smtp.mails] == [("kim@acme.example",)]

    def test_what_was_taken_a_moment_before_does_not_leave_and_no_try_is_lost(self, smtp, acme, ines, delivery):
        (lease,) = mail_steps.take(type(delivery))
        suspend(acme, ines)

        mail_steps.carry(lease)

        found = mail_steps.now_of(delivery)
        assert smtp.mails == []
        assert (found.status, found.tries, found.lease_until) == ("pending", 0, None)


class TestWhoComes:
    def test_its_people_read_why_and_its_pages_are_closed(self, acme, ines, adam, client):
        suspend(acme, ines)
        browser = sign_in(client, adam)

        answers = [browser.get("/t/acme/"), browser.get("/t/acme/jobs/"), browser.post("/t/acme/jobs/clear/")]

        assert {answer.status_code for answer in answers} == {403}
        assert all(words in answers[0].content.decode() for words in ("is suspended", BECAUSE, "Ask the people of"))

    def test_they_come_in_again_after_the_resumption(self, acme, ines, adam, client):
        suspend(acme, ines)
        resume(acme, ines)

        assert sign_in(client, adam).get("/t/acme/").status_code == 200

    def test_a_stranger_still_sees_no_such_company(self, acme, ines, client):
        suspend(acme, ines)

        assert sign_in(client, factories.make_user()).get("/t/acme/").status_code == 404

    def test_a_link_opens_nothing_tells_no_reason_and_counts_no_use(self, acme, ines, report, client):
        job = factories.make_job(tenant=acme, report=report, status="completed")
        factories.make_file(job=job)
        link, token = factories.make_link(job=job, email="kim@customer.example")
        suspend(acme, ines)
        path = f"/d/{acme.code}/{token}"

        answers = [client.get(path)] + [client.post(path, {"act": act}) for act in ("", "open", "send-code", "new-link")]

        assert {answer.status_code for answer in answers} == {403}
        assert all("Not available at the moment" in answer.content.decode() for answer in answers)
        assert all(BECAUSE not in answer.content.decode() for answer in answers)
        with tenant_scope(acme):
            found = Link.objects.get(pk=link.pk)
        assert (found.uses, found.wrong_codes) == (0, 0)
        resume(acme, ines)
        assert client.get(path).status_code == 200

    def test_staff_still_see_it(self, acme, ines, client):
        suspend(acme, ines)
        client.force_login(ines)

        assert client.get("/staff/tenants/acme/").status_code == 200
