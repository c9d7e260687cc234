"""One mail to each recipient, by a real mail server, whatever that server does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from reports.delivery import retries
from reports.models import Delivery, Notice
from tests.reports.delivery import steps

pytestmark = pytest.mark.django_db


def test_a_delivery_is_sent_once_with_a_link_and_is_written_down(smtp, job):
    delivery = steps.due_delivery(job, "kim@customer.example")

    steps.carry_all()
    steps.carry_all()

    (mail,) = smtp.mails
    row = steps.now_of(delivery)
    assert (mail.sender, mail.recipients) == (steps.SENDER, ("kim@customer.example",))
    assert mail.message_id == f"<{delivery.pk}@mail.example>"
    assert f"/d/{job.tenant.code}/" in mail.text()
    assert (row.status, row.tries, row.next_try_at, row.lease_until, row.failure_code) == ("sent", 1, None, None, "")
    assert row.sent_at == row.ended_at
    assert row.answer == "250 2.0.0 Kept"
    assert steps.status_of_occurrence(job) == "delivered"


def test_one_address_that_refuses_is_tried_again_alone(smtp, job):
    kim, lee = steps.due_delivery(job, "kim@customer.example"), steps.due_delivery(job, "lee@customer.example")
    smtp.answer("451 4.7.1 Greylisted, try later", to="lee@customer.example", times=1)

    steps.carry_all()
    waiting = steps.now_of(lee)
    open_status = steps.status_of_occurrence(job)
    steps.let_pass(job.tenant, minutes=2)
    steps.carry_all()

    assert (waiting.status, waiting.failure_code, waiting.answer) == ("pending", "asked_to_wait", "451 4.7.1 Greylisted, try later")
    assert open_status == "running"
    assert [len(smtp.to(row.address)) for row in (kim, lee)] == [1, 1]
    assert (steps.now_of(kim).tries, steps.now_of(lee).tries) == (1, 2)
    assert steps.now_of(lee).status == "sent"
    assert steps.status_of_occurrence(job) == "delivered"


@pytest.mark.parametrize(
    ("line", "status", "code"),
    [
        ("550 5.1.1 No such user", "bounced", "no_such_address"),
        ("550 No such user here", "bounced", "no_such_address"),
        ("550 5.2.1 Mailbox disabled", "bounced", "mailbox_off"),
        ("550 5.7.1 Blocked by policy", "failed", "not_accepted"),
        ("554 5.7.1 Service unavailable; client host blocked", "failed", "not_accepted"),
        ("550 Rejected", "failed", "not_accepted"),
        ("552 5.2.2 Mailbox full", "failed", "mailbox_full"),
        ("552 5.3.4 Message too big", "failed", "too_large"),
    ],
)
def test_a_refusal_for_good_ends_this_delivery(smtp, job, line, status, code):
    delivery = steps.due_delivery(job, "kim@customer.example")
    smtp.answer(line)

    steps.carry_all()
    steps.let_pass(job.tenant, hours=9)
    steps.carry_all()

    row = steps.now_of(delivery)
    assert (row.status, row.failure_code, row.answer, row.tries) == (status, code, line, 1)
    assert bool(steps.suppression(job.tenant, "kim@customer.example")) is (status == "bounced")
    assert steps.status_of_occurrence(job) == "failed"


def test_words_that_cannot_be_stored_do_not_send_a_mail_again(smtp, job):
    delivery = steps.due_delivery(job)
    smtp.answer("250 2.0.0 taken \0 over", at="message")

    steps.carry_all()

    row = steps.now_of(delivery)
    assert (row.status, row.tries, row.answer) == ("sent", 1, "250 2.0.0 taken over")


def test_an_address_that_bounced_gets_nothing_more_of_this_company_but_of_others(smtp, job, globex, report):
    steps.due_delivery(job, "kim@customer.example")
    smtp.answer("550 5.1.1 No such user", times=1)
    steps.carry_all()
    again = steps.due_notice(job.tenant, "kim@customer.example")
    other = steps.due_notice(globex, "kim@customer.example")

    steps.carry_all(Notice)

    assert (steps.now_of(again).status, steps.now_of(again).failure_code) == ("suppressed", "bounced")
    assert steps.now_of(other).status == "sent"


@pytest.mark.parametrize("at", ["connect", "ehlo", "mail", "rcpt", "data", "message"])
def test_a_connection_that_drops_is_tried_again_with_the_same_message_id(smtp, job, at):
    delivery = steps.due_delivery(job)
    smtp.drop(at)

    steps.carry_all()
    waiting = steps.now_of(delivery)
    steps.let_pass(job.tenant, minutes=2)
    steps.carry_all()

    assert waiting.status == "pending"
    assert waiting.failure_code == ("fate_unknown" if at in ("data", "message") else "dropped")
    assert [mail.message_id for mail in smtp.mails] == [f"<{delivery.pk}@mail.example>"]
    assert steps.now_of(delivery).status == "sent"


def test_a_mail_whose_fate_is_unknown_is_sent_again_and_its_history_says_so(smtp, job):
    delivery = steps.due_delivery(job)
    smtp.drop("message", kept=True)

    steps.carry_all()
    steps.let_pass(job.tenant, minutes=2)
    steps.carry_all()

    first, second = smtp.mails
    assert first.message_id == second.message_id
    assert first.text() == second.text()
    row = steps.now_of(delivery)
    assert (row.status, row.maybe_twice) == ("sent", True)


@pytest.mark.parametrize("at", ["connect", "ehlo", "mail", "rcpt", "data", "message"])
def test_a_server_that_hangs_is_given_up_on_and_tried_again(smtp, job, at, monkeypatch):
    monkeypatch.setattr("reports.delivery.smtp.CONNECT_SECONDS", 0.3)
    monkeypatch.setattr("reports.delivery.smtp.READ_SECONDS", 0.3)
    delivery = steps.due_delivery(job)
    smtp.hang(at, times=1)

    steps.carry_all()
    waiting = steps.now_of(delivery)
    smtp.heal()
    steps.let_pass(job.tenant, minutes=2)
    steps.carry_all()

    assert (waiting.status, waiting.failure_code) == ("pending", "fate_unknown" if at in ("data", "message") else "no_answer")
    assert steps.now_of(delivery).status == "sent"
    assert [mail.message_id for mail in smtp.mails] == [f"<{delivery.pk}@mail.example>"]


def test_a_server_that_is_not_there_costs_tries_until_about_four_hours_passed(smtp, job):
    delivery = steps.due_delivery(job)
    smtp.refuse()
    waits = []
    for _ in range(retries.MOST_TRIES):
        before = timezone.now()
        steps.carry_all()
        row = steps.now_of(delivery)
        waits.append(row.next_try_at - before if row.next_try_at else None)
        steps.let_pass(job.tenant, hours=3)

    assert (row.status, row.failure_code, row.tries) == ("failed", "unreachable", retries.MOST_TRIES)
    assert waits[-1] is None
    assert timedelta(hours=3) < sum(waits[:-1], timedelta()) < timedelta(hours=5)
    assert steps.status_of_occurrence(job) == "failed"
    smtp.listen()


def test_our_own_refused_login_rests_all_mail_with_one_alert_and_no_try_lost(smtp, job, settings, json_log):
    smtp.require_login("portal", "right")
    settings.EMAIL_URL = steps.url_of(smtp).replace("portal:right", "portal:wrong")
    deliveries = [steps.due_delivery(job) for _ in range(3)]

    steps.carry_all()
    rests = steps.budget()

    assert [steps.now_of(row).status for row in deliveries] == ["pending"] * 3
    assert [steps.now_of(row).tries for row in deliveries] == [0] * 3
    assert (rests.refused_code, rests.refused_since is None) == ("login_refused", False)
    alerts = [line for line in json_log() if line["level"] == "ERROR"]
    assert ["mail_refused" in line["message"] for line in alerts] == [True]

    settings.EMAIL_URL = steps.url_of(smtp)
    steps.let_pass(job.tenant, minutes=6)
    steps.carry_all()

    assert [steps.now_of(row).status for row in deliveries] == ["sent"] * 3
    assert steps.budget().refused_since is None


def test_a_sender_that_is_refused_blames_no_recipient(smtp, job):
    delivery = steps.due_delivery(job)
    smtp.answer("550 5.7.1 Sender not allowed", at="mail", times=1)

    steps.carry_all()

    row = steps.now_of(delivery)
    assert (row.status, row.tries, row.failure_code) == ("pending", 0, "sender_refused")
    assert steps.suppression(job.tenant, row.address) is None


def test_without_an_email_url_rows_wait(job, settings):
    settings.EMAIL_URL = ""
    delivery = steps.due_delivery(job)

    assert steps.Courier().turn() is False
    assert (steps.now_of(delivery).status, steps.now_of(delivery).tries) == ("pending", 0)


def test_a_delivery_whose_job_has_no_files_goes_back_to_waiting(smtp, acme, report):
    job = steps.factories.make_job(tenant=acme, report=report, status="running")
    delivery = steps.due_delivery(job)

    steps.carry_all()

    row = steps.now_of(delivery)
    assert (row.status, row.next_try_at, row.tries, smtp.mails) == ("pending", None, 0, [])


def test_mails_into_a_folder_are_whole_files_named_by_their_row(job, settings, tmp_path):
    settings.EMAIL_URL = f"file://{tmp_path}/out?from={steps.SENDER}"
    delivery = steps.due_delivery(job)

    steps.carry_all()

    assert [path.name for path in (tmp_path / "out").iterdir()] == [f"{delivery.pk}.eml"]
    assert b"Message-ID: <%s@mail.example>\r\n" % str(delivery.pk).encode() in (tmp_path / "out" / f"{delivery.pk}.eml").read_bytes()
    assert steps.now_of(delivery).status == Delivery.Status.SENT
