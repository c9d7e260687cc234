"""Pausing by hand: nothing new starts or leaves, nothing is lost, and after the resumption it goes on."""

from __future__ import annotations

import pytest
from django.utils import timezone

from reports import pausing
from reports.delivery.courier import Courier
from reports.engine import admit
from reports.engine.clock import DatabaseClock
from reports.engine.pause import Pause as AccountPause
from reports.engine.pump import end_stuck
from reports.models import Account, Pause, SnapshotJob
from reports.refused import Refused
from tenants.audit import Actor
from tenants.models import AuditEvent
from tenants.scope import engine_scope, staff_scope, tenant_scope
from tests import factories
from tests.reports.delivery import steps as mail_steps
from tests.reports.delivery.conftest import smtp
from tests.reports.engine import steps

__all__ = ["smtp"]
pytestmark = pytest.mark.django_db
INES = Actor("ines@anycompany.example")
BECAUSE = "The data of last night is being loaded again."


def pause(kind: str, subject=None, *, because: str = BECAUSE, actor: Actor = INES) -> bool:
    with engine_scope():
        return pausing.pause(kind, subject, actor, because, timezone.now())


def resume(kind: str, subject=None) -> bool:
    with engine_scope():
        return pausing.resume(kind, subject, INES, timezone.now())


@pytest.fixture
def account(db) -> Account:
    return factories.make_account(slots=12)


@pytest.fixture
def report(account, acme, globex):
    report = factories.make_report(slug="daily-calls", account=account)
    for tenant in (acme, globex):
        factories.make_grant(tenant=tenant, report=report)
    return report


def started(account) -> set:
    """What a pump claims in a turn."""
    with engine_scope():
        account.refresh_from_db()
        AccountPause(account, DatabaseClock()).take(0, alone=True)
        return set(SnapshotJob.objects.filter(account=account, status="starting").values_list("pk", flat=True))


def due(account) -> set:
    with engine_scope():
        account.refresh_from_db()
        return {lease.job_id for lease in AccountPause(account, DatabaseClock()).take(10, alone=True)}


def test_of_a_paused_account_nothing_starts_and_what_runs_is_looked_after(account, acme, report):
    running = factories.make_job(tenant=acme, report=report, status="running")
    waiting = factories.make_job(tenant=acme, report=report)
    pause("account", account)

    looked_at = due(account)
    status = steps.status_of(waiting)
    resume("account", account)

    assert looked_at == {running.pk}
    assert status == "queued"
    assert started(account) == {waiting.pk}


def test_of_a_paused_tenant_nothing_starts_and_others_go_on(account, acme, globex, report):
    own = [factories.make_job(tenant=acme, report=report) for _ in range(3)]
    with engine_scope():
        admit.admit(account.pk)
    other = factories.make_job(tenant=globex, report=report)
    pause("tenant", acme)

    while_paused = started(account)
    resume("tenant", acme)

    assert while_paused == {other.pk}
    assert started(account) == {other.pk, *(job.pk for job in own)}


def test_a_report_paused_by_hand_is_tried_by_no_probe_and_ended_by_no_success(account, acme, report):
    waiting = factories.make_job(tenant=acme, report=report)
    with engine_scope():
        Pause.objects.create(kind="report", report=report, since=timezone.now(), code="report_failed", probe_at=timezone.now())
    pause("report", report)

    while_paused = started(account)
    with engine_scope():
        found = Pause.objects.get()
    resume("report", report)

    assert while_paused == set()
    assert (found.by, found.because, found.code, found.probe_at) == (INES.label, BECAUSE, "", None)
    assert started(account) == {waiting.pk}


@pytest.mark.parametrize(("kind", "code"), [("account", "account_held"), ("tenant", "tenant_paused"), ("report", "report_paused")])
def test_a_job_that_waits_until_its_deadline_says_what_it_waited_behind(kind, code, account, acme, report):
    job = factories.make_job(tenant=acme, report=report)
    pause(kind, {"account": account, "tenant": acme, "report": report}[kind])
    steps.let_pass(job, hours=7)

    end_stuck(account.pk)

    failed = steps.now_of(job)
    assert (failed.status, failed.failure_code) == ("failed", code)
    assert "paused" in failed.failure_text


def test_pausing_and_resuming_twice_change_nothing_and_each_is_on_record_once(account, acme, ines):
    answers = [pause("account", account), pause("account", account, because="Another reason."), resume("account", account)]
    answers.append(resume("account", account))

    with staff_scope(ines):
        events = list(AuditEvent.objects.order_by("at").values_list("action", "actor", "object_id", "tenant"))
    assert answers == [True, False, True, False]
    assert events == [(f"account.{what}", INES.label, str(account.pk), None) for what in ("paused", "resumed")]


def test_staff_pause_and_resume_in_their_own_scope(account, acme, ines):
    with staff_scope(ines):
        paused = pausing.pause("tenant", acme, Actor(ines.email, user_id=ines.pk), BECAUSE, timezone.now())
        found = [pause.because for pause in pausing.pauses_for(tenant=acme)]
        resumed = pausing.resume("tenant", acme, Actor(ines.email, user_id=ines.pk), timezone.now())
        left = pausing.pauses_for()

    assert (paused, found, resumed, left) == (True, [BECAUSE], True, [])


@pytest.mark.parametrize("because", ["", " \n", "x" * 301])
def test_a_pause_without_a_reason_or_with_a_novel_is_refused(because, account):
    with pytest.raises(Refused):
        pause("account", account, because=because)

    with engine_scope():
        assert not Pause.objects.exists()


def test_pauses_are_told_by_what_they_hold_up(account, acme, globex, report):
    pause("tenant", acme)
    pause("delivery", globex)
    pause("delivery")
    pause("report", report)

    def told(**subject) -> set[tuple[str, bool]]:
        with engine_scope():
            return {(pause.kind, pause.tenant_id is not None) for pause in pausing.pauses_for(**subject)}

    assert told(tenant=acme) == {("tenant", True), ("delivery", False)}
    assert told(tenant=globex) == {("delivery", True), ("delivery", False)}
    assert told(account=account) == set()
    assert told(tenant=acme, report=report) == {("tenant", True), ("delivery", False), ("report", False)}
    assert len(told()) == 4


@pytest.mark.django_db(transaction=True)
class TestMail:
    @pytest.fixture
    def deliveries(self, acme, globex, report):
        rows = []
        for tenant in (acme, globex):
            job = factories.make_job(tenant=tenant, report=report, status="completed")
            factories.make_file(job=job)
            rows.append(mail_steps.due_delivery(job, f"kim@{tenant.slug}.example"))
        return rows

    def test_no_mail_leaves_while_all_of_it_is_paused_and_no_try_is_lost(self, smtp, deliveries, acme):
        notice = mail_steps.due_notice(acme)
        pause("delivery")
        turns = [Courier().turn() for _ in range(3)]
        tries = [mail_steps.now_of(row).tries for row in (*deliveries, notice)]
        arrived = len(smtp.mails)
        resume("delivery")

        mail_steps.run()

        assert (turns, tries, arrived) == ([False] * 3, [0] * 3, 0)
        assert len(smtp.mails) == 3

    def test_one_tenants_mail_waits_and_the_others_leaves(self, smtp, deliveries, acme):
        pause("delivery", acme)
        mail_steps.run()
        while_paused = [mail.recipients for mail in smtp.mails]
        tries = mail_steps.now_of(deliveries[0]).tries
        resume("delivery", acme)

        mail_steps.run()

        assert while_paused == [("kim@globex.example",)]
        assert tries == 0
        assert [mail.recipients for mail in smtp.mails[1:]] == [("kim@acme.example",)]


def test_a_tenant_reads_why_its_own_work_waits_and_nothing_of_others(acme, globex, account):
    pause("tenant", acme)
    pause("tenant", globex, because="Of no interest to Acme.")
    pause("account", account)

    with tenant_scope(acme):
        found = set(Pause.objects.values_list("kind", "because"))

    assert found == {("tenant", BECAUSE), ("account", BECAUSE)}
