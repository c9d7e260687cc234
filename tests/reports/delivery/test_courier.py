"""The courier with its threads, on a real database, by a real mail server."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection
from django.utils import timezone

from reports import standing
from reports.delivery import outcomes
from reports.delivery.channel import Sent
from reports.delivery.courier import HANDS, THREADS, Courier
from reports.delivery.retries import MOST_TRIES
from reports.models import Delivery, Notice, Schedule
from tenants.scope import tenant_scope
from tests.reports.delivery import steps
from tests.reports.engine.worker import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def test_everybody_gets_one_mail_and_one_that_refuses_retries_alone(smtp, job):
    deliveries = [steps.due_delivery(job, f"p{number}@customer.example") for number in range(30)]
    smtp.answer("451 4.3.0 Try later", to="p7@customer.example")

    steps.run()

    assert sorted(mail.recipients[0] for mail in smtp.mails) == sorted(
        row.address for row in deliveries if row.address != "p7@customer.example"
    )
    assert {row.address for row in map(steps.now_of, deliveries) if row.status != "sent"} == {"p7@customer.example"}
    assert steps.status_of_occurrence(job) == "running"


def test_a_hanging_server_keeps_no_more_than_its_places_and_the_turn_goes_on(smtp, job):
    for _ in range(12):
        steps.due_delivery(job)
    smtp.hang("data")
    courier = Courier()

    courier.turn()
    wait_for(lambda: smtp.hanging == THREADS, 10, "all places hang")
    began = time.monotonic()
    turns = [courier.turn() for _ in range(5)]
    lasted = time.monotonic() - began
    smtp.heal()
    steps.run(courier=courier)

    assert turns == [False] * 5
    assert lasted < standing.BEAT_LATE.total_seconds()
    assert len(smtp.mails) == 12


def test_a_notice_does_not_wait_behind_deliveries(smtp, job):
    for _ in range(20):
        steps.due_delivery(job)
    notice = steps.due_notice(job.tenant)
    courier = Courier()

    courier.turn()

    with tenant_scope(job.tenant):
        assert Notice.objects.get(pk=notice.pk).tries == 1
    steps.run(courier=courier)
    assert len(smtp.mails) == 21


def test_a_courier_that_died_while_sending_is_made_up_for_and_the_history_says_so(smtp, job):
    delivery = steps.due_delivery(job)
    (dead,) = steps.take(Delivery)
    with tenant_scope(job.tenant):
        Delivery.objects.filter(pk=delivery.pk).update(status="sending")
    steps.run()
    before = list(smtp.mails)
    steps.let_pass(job.tenant, minutes=6)

    steps.run()
    outcomes.sent(dead, Sent("250 too late"), timezone.now())

    assert before == []
    assert [mail.message_id for mail in smtp.mails] == [f"<{delivery.pk}@mail.example>"]
    row = steps.now_of(delivery)
    assert (row.status, row.maybe_twice, row.tries, row.answer) == ("sent", True, 2, "250 2.0.0 Kept")


def test_all_mail_keeps_to_the_rate_of_its_sender(smtp, job, settings):
    settings.EMAIL_URL = steps.url_of(smtp, rate=20)
    for _ in range(10):
        steps.due_delivery(job)
    began = time.monotonic()

    steps.run()

    # Nine gaps of a twentieth of a second: less would be too fast, however quick the machine is.
    assert time.monotonic() - began > 9 / 20
    assert len(smtp.mails) == 10


def test_while_we_are_refused_one_mail_at_a_time_asks_again(smtp, job, settings, json_log):
    deliveries = [steps.due_delivery(job) for _ in range(10)]
    smtp.answer("535 5.7.8 Not let in", at="mail")
    courier = Courier()
    steps.run(courier=courier)
    rests = courier.turn()
    asked = smtp.connections
    steps.let_pass(job.tenant, minutes=6)

    courier.turn()
    probes = len(HANDS.carried())
    steps.wait_until_nothing_is_carried()
    smtp.heal()
    steps.let_pass(job.tenant, minutes=6)
    steps.run(courier=courier)
    steps.let_pass(job.tenant, minutes=6)
    steps.run(courier=courier)

    assert rests is False
    assert asked <= THREADS
    assert probes <= 1
    assert [row.status for row in map(steps.now_of, deliveries)] == ["sent"] * 10
    assert len(smtp.mails) == 10
    assert sum("mail_refused" in line["message"] for line in json_log()) == 1


def test_suppressing_and_sending_at_once_ends_in_one_state(smtp, job):
    deliveries = [steps.due_delivery(job) for _ in range(8)]
    barrier = threading.Barrier(2)

    def revoke():
        barrier.wait()
        with tenant_scope(job.tenant):
            Schedule.objects.update(retired_at=timezone.now())
        connection.close()

    thread = threading.Thread(target=revoke)
    thread.start()
    barrier.wait()
    steps.run()
    thread.join()

    ended = [steps.now_of(row) for row in deliveries]
    assert {row.status for row in ended} <= {"sent", "suppressed"}
    assert sorted(row.address for row in ended if row.status == "sent") == sorted(mail.recipients[0] for mail in smtp.mails)


def test_a_fault_in_a_letter_stops_no_other_and_its_text_is_not_logged(smtp, job, json_log):
    good, bad = steps.due_delivery(job), steps.due_delivery(job, "bad@customer.example")
    with tenant_scope(job.tenant):
        # A header cannot hold it, and the sentence that says so repeats it.
        Delivery.objects.filter(pk=bad.pk).update(address="bad@customer.example\nBcc: all@customer.example")

    steps.run()

    assert steps.now_of(good).status == "sent"
    assert (steps.now_of(bad).status, steps.now_of(bad).failure_code) == ("pending", "internal")
    errors = [line for line in json_log() if line["level"] == "ERROR"]
    assert len(errors) == 1
    assert "customer.example" not in str(errors)


def test_a_mail_whose_tries_all_ended_with_their_process_is_given_up(smtp, job):
    good, bad = steps.due_delivery(job), steps.due_delivery(job, tries=MOST_TRIES)

    steps.run()

    assert steps.now_of(good).status == "sent"
    assert (steps.now_of(bad).status, steps.now_of(bad).failure_code) == ("failed", "internal")
    assert [list(mail.recipients) for mail in smtp.mails] == [[good.address]]


def test_no_token_address_or_text_of_a_mail_reaches_the_log(smtp, job, json_log, settings):
    for number in range(3):
        steps.due_delivery(job, f"p{number}@customer.example")
    smtp.answer("550 5.1.1 <p1@customer.example> unknown", to="p1@customer.example")
    smtp.drop("message", kept=True, to="p2@customer.example")

    steps.run()

    ours = str([line for line in json_log() if not line["logger"].startswith("mail.")])
    (token,) = {mail.text().split(f"/d/{job.tenant.code}/")[1].split()[0] for mail in smtp.to("p0@customer.example")}
    assert "delivery" in ours
    assert [secret for secret in (token, "customer.example", "Your report", "/u/") if secret in ours] == []
