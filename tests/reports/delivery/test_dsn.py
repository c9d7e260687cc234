"""Returned mail, as mail servers write it (RFC 3464)."""

from __future__ import annotations

import subprocess
import sys
import uuid

import pytest
from django.conf import settings as product
from django.utils import timezone

from reports.delivery import dsn
from tests.reports.delivery import steps

pytestmark = pytest.mark.django_db


REPORT = b"Content-Type: multipart/report; report-type=delivery-status; boundary=b0\n\n"


def returned(mail_id, address="kim@customer.example", action="failed", status="5.1.1") -> bytes:
    return f"""\
From: MAILER-DAEMON@relay.example
To: bounces@mail.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example

Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.customer.example
Diagnostic-Code: smtp; 550 {status} <{address}>: Recipient address
    rejected

--b
Content-Type: text/rfc822-headers

From: Acme <reports@mail.example>
Message-ID: <{mail_id}@mail.example>
Subject: Daily call volume

--b--
""".encode()


@pytest.fixture
def sent(smtp, job):
    delivery = steps.due_delivery(job, "kim@customer.example")
    steps.carry_all()
    return delivery


def read(raw, **more):
    return dsn.read(raw, timezone.now(), **more)


def test_a_mail_that_came_back_is_bounced_and_its_address_suppressed(sent, job):
    assert read(returned(sent.pk)) == 1
    assert read(returned(sent.pk)) == 0

    row = steps.now_of(sent)
    assert (row.status, row.failure_code) == ("bounced", "no_such_address")
    assert row.answer == "550 5.1.1 <kim@customer.example>: Recipient address rejected"
    assert steps.suppression(job.tenant, "kim@customer.example").reason == "bounced"
    assert steps.status_of_occurrence(job) == "failed"


@pytest.mark.parametrize(("status", "code"), [("4.4.7", "returned"), ("5.2.2", "mailbox_full"), ("5.7.1", "not_accepted")])
def test_one_that_came_back_for_another_reason_does_not_condemn_the_address(sent, job, status, code):
    read(returned(sent.pk, status=status))

    assert (steps.now_of(sent).status, steps.now_of(sent).failure_code) == ("bounced", code)
    assert steps.suppression(job.tenant, "kim@customer.example") is None


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed"])
def test_other_news_ends_nothing(sent, job, action):
    read(returned(sent.pk, action=action))

    assert steps.now_of(sent).status == "sent"


def test_the_return_path_names_the_mail_where_its_headers_are_cut_off(sent, smtp, job, settings):
    settings.EMAIL_URL = steps.url_of(smtp, bounces="bounces@mail.example")
    delivery = steps.due_delivery(job, "lee@customer.example")
    steps.carry_all()
    return_path = smtp.to("lee@customer.example")[0].sender

    changed = read(returned("cut-off", "lee@customer.example"), recipient=return_path)

    assert return_path == f"bounces+{delivery.pk.hex}@mail.example"
    assert (changed, steps.now_of(delivery).status) == (1, "bounced")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00",
        b"Subject: Out of office\n\nBack on Monday.",
        returned("no-id"),
        returned(uuid.uuid4()),
        returned(uuid.uuid4()).replace(b"message/delivery-status", b"text/plain"),
        REPORT + b"".join(b"--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n" % (deep, deep + 1) for deep in range(3000)),
    ],
)
def test_what_is_no_returned_mail_of_ours_changes_nothing(sent, raw):
    assert read(raw) == 0
    assert steps.now_of(sent).status == "sent"


def test_a_returned_mail_about_another_address_changes_nothing(sent):
    assert read(returned(sent.pk, "lee@customer.example")) == 0
    assert steps.now_of(sent).status == "sent"


@pytest.mark.django_db(transaction=True)
def test_the_command_reads_it_from_standard_input(sent, database_env):
    command = [sys.executable, "manage.py", "read_bounce"]
    done = subprocess.run(command, cwd=product.BASE_DIR, env=database_env, input=returned(sent.pk), capture_output=True, timeout=60)

    assert (done.returncode, done.stdout) == (0, b"Taken in; 1 changed.\n")
    assert steps.now_of(sent).status == "bounced"
