"""Rows 1 and 20, as far as mail goes: a worker that is killed while it sends, and a mail server that hangs."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from django.utils import timezone

from reports import standing
from reports.delivery.courier import THREADS
from tests import factories
from tests.faults import killing
from tests.reports.delivery import steps as mail
from tests.reports.engine import steps
from tests.reports.engine.worker import environment_of, running_worker, wait_for
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def smtp():
    with SmtpServer() as running:
        yield running
        running.heal()


@pytest.mark.parametrize(("step", "arrivals"), [("mail prepared", 1), ("mail sent", 2)])
def test_a_worker_killed_while_it_sends_costs_no_mail_and_history_says_what_is_not_known(
    step, arrivals, aws, acme, daily_calls, smtp, database_env, tmp_path: Path
):
    job = factories.make_job(tenant=acme, report=daily_calls, status="completed")
    delivery = factories.make_delivery(job=job, next_try_at=timezone.now())
    environment = environment_of(database_env, aws.environment) | {"EMAIL_URL": mail.url_of(smtp)}
    marks = tmp_path / "marks"
    marks.mkdir()
    trap = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings", killing.STEP: step, killing.MARKS: str(marks)}

    with running_worker(environment | trap, tmp_path) as killed:
        killed.wait(timeout=60)
    left_behind = mail.now_of(delivery).status
    mail.let_pass(acme, minutes=6)
    with running_worker(environment, tmp_path):
        wait_for(lambda: mail.now_of(delivery).status == "sent", 60, "the delivery is sent")

    assert killed.returncode == -signal.SIGKILL
    assert killing.sprung(marks) == {step}
    assert left_behind == "sending"
    assert [each.message_id for each in smtp.mails] == [f"<{delivery.pk}@mail.example>"] * arrivals
    assert mail.now_of(delivery).maybe_twice is True


def test_a_mail_server_that_hangs_holds_no_slot_and_no_other_work(aws, account, acme, daily_calls, smtp, database_env, tmp_path: Path):
    job = factories.make_job(tenant=acme, report=daily_calls, status="completed")
    deliveries = [factories.make_delivery(job=job, next_try_at=timezone.now()) for _ in range(THREADS + 4)]
    smtp.hang("data")
    environment = environment_of(database_env, aws.environment) | {"EMAIL_URL": mail.url_of(smtp)}

    with running_worker(environment, tmp_path):
        wait_for(lambda: smtp.hanging == THREADS, 60, "all of the courier's places hang")
        submitted = steps.submit(acme)
        wait_for(lambda: steps.status_of(submitted) == "completed", 30, "a job is done meanwhile")
        meanwhile = standing.dead(["expander", "courier"]), steps.held_slots(account), smtp.mails[:]
        smtp.heal()
        wait_for(lambda: all(mail.now_of(row).status == "sent" for row in deliveries), 60, "all mails are sent")

    assert meanwhile == ([], 0, [])
    assert len(smtp.mails) == THREADS + 4
