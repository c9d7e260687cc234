"""What left, kept outside the database."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from reports.delivery import sent_log
from reports.delivery.sent_log import Writer
from reports.models import Installation
from reports.restoring import mode
from tests import factories
from tests.pretend_aws import BUCKET
from tests.reports.delivery import steps as mail
from tests.reports.engine.worker import wait_for
from tests.reports.restoring import steps
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh(aws, monkeypatch):
    monkeypatch.setattr(sent_log, "_writer", Writer())


@pytest.fixture
def smtp(settings):
    with SmtpServer() as running:
        settings.EMAIL_URL = mail.url_of(running)
        yield running
        running.heal()


@pytest.fixture
def delivery(acme, daily_calls):
    job = factories.make_job(tenant=acme, report=daily_calls, status="completed")
    factories.make_file(job=job)
    return mail.due_delivery(job, "kim@acme.example")


def read():
    now = timezone.now()
    return sent_log.read(now - timedelta(minutes=5), now + timedelta(minutes=5))


def test_a_mail_stands_in_the_log_without_its_address(aws, smtp, acme, delivery):
    mail.carry_all()

    (line,) = read().left.values()
    assert (line.id, line.job, line.message_id) == (delivery.pk, delivery.job_id, f"<{delivery.pk}@mail.example>")
    assert line.place in sent_log.places(acme.pk, "Kim@acme.example")
    (key,) = [found["Key"] for found in aws.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="_fanfold/sent/")["Contents"]]
    assert b"kim@acme.example" not in aws.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()


def test_a_mail_that_was_refused_did_not_leave(smtp, delivery):
    smtp.answer("451 4.3.0 Try later")

    mail.carry_all()

    assert read().left == {}


def test_a_mail_whose_fate_is_not_known_may_have_left(smtp, delivery):
    smtp.drop("message", kept=True)

    mail.carry_all()

    assert list(read().left) == [delivery.pk]


def test_a_later_try_that_left_counts(smtp, acme, delivery):
    smtp.answer("451 4.3.0 Try later", times=1)
    mail.carry_all()
    mail.let_pass(acme, minutes=10)

    mail.carry_all()

    assert list(read().left) == [delivery.pk]


@pytest.mark.django_db(transaction=True)
def test_mails_that_leave_at_once_share_an_object(aws, acme):
    mode.installation()
    writer = sent_log._writer
    writer._turn.acquire()

    def send(number: int) -> None:
        steps.log(acme.pk, f"p{number}@acme.example")
        connection.close()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(writer._waiting) == 8, 10, "all wait for their turn")

    writer._turn.release()
    for thread in threads:
        thread.join()

    assert len(aws.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="_fanfold/sent/")["Contents"]) == 1
    assert len(read().left) == 8


def test_s3_that_takes_nothing_stops_no_mail_and_is_told_once(aws, smtp, acme, delivery, daily_calls, json_log):
    aws.control.set(denied=["s3:PutObject"])
    mail.due_delivery(delivery.job, "lee@acme.example")

    mail.carry_all()

    assert len(smtp.mails) == 2
    assert mode.installation().unlogged_since is not None
    assert sum("sent_log_not_written" in line["message"] for line in json_log()) == 1


def test_the_time_that_was_not_written_is_known_once_s3_is_back(aws, acme, monkeypatch):
    mode.installation()
    monkeypatch.setattr(sent_log, "REST_SECONDS", 0)
    aws.control.set(denied=["s3:PutObject"])
    steps.log(acme.pk, "kim@acme.example")
    began = Installation.objects.get().unlogged_since
    aws.control.set(denied=[])

    known = steps.log(acme.pk, "lee@acme.example")

    log = read()
    assert [gap.since for gap in log.gaps] == [began]
    assert list(log.left) == [known.id]
    assert Installation.objects.get().unlogged_since is None


def test_hashes_by_an_older_secret_key_are_known_still(settings, acme):
    before = sent_log.places(acme.pk, "kim@acme.example")[0]
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = uuid.uuid4().hex

    assert before in sent_log.places(acme.pk, "kim@acme.example")
