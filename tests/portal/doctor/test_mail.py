from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from reports.models import MailBudget
from tenants.scope import engine_scope
from tests import factories
from tests.reports.delivery import steps
from tests.reports.delivery.conftest import smtp

__all__ = ["smtp"]
pytestmark = pytest.mark.django_db


def test_without_an_email_url_it_warns_once(ask, settings):
    settings.EMAIL_URL = ""

    (line,) = ask("mail-server")

    assert line.startswith("WARN mail-server: Email is not set up: nothing is sent, and what is due waits.")


def test_a_server_that_lets_us_in_is_named_without_the_password(ask, smtp, settings):
    smtp.require_login("portal", "s3cret")
    settings.EMAIL_URL = steps.url_of(smtp, rate=14)

    assert ask("mail-server") == [f"OK mail-server: 127.0.0.1:{smtp.port} lets us in, as {steps.SENDER}, 14 mails a second."]
    assert smtp.mails == []


def test_a_server_that_refuses_our_login_fails(ask, smtp, settings):
    smtp.require_login("portal", "right")
    settings.EMAIL_URL = steps.url_of(smtp).replace("portal:right", "portal:wrong")

    (line,) = ask("mail-server")

    assert line.startswith(f"FAIL mail-server: 127.0.0.1:{smtp.port} refuses us: 535")
    assert "wrong" not in line


def test_a_server_that_is_not_there_fails(ask, smtp):
    smtp.refuse()

    (line,) = ask("mail-server")
    smtp.listen()

    assert line.startswith(f"FAIL mail-server: 127.0.0.1:{smtp.port}: Connection refused.")


def test_a_rest_is_told_with_its_beginning(ask, smtp, now):
    with engine_scope():
        MailBudget.objects.create(sender=steps.SENDER, next_send_at=now, refused_since=now, refused_answer="535 Not let in")

    (line,) = ask("mail-server")

    assert line.startswith(f"FAIL mail-server: 127.0.0.1:{smtp.port} has refused us since 2026-03-02 09:00Z: 535 Not let in.")


def test_mail_that_waits_too_long_is_told(ask, acme):
    job = factories.make_job(tenant=acme, status="completed")
    factories.make_delivery(job=job, next_try_at=timezone.now() - timedelta(minutes=11))
    factories.make_delivery(job=job, next_try_at=None)

    first, second = ask("mail-backlog")

    assert first.startswith("WARN mail-backlog deliveries: due: 1, the first since")
    assert second == "OK mail-backlog notices: due: 0."


@pytest.mark.parametrize(
    ("url", "queue", "level"),
    [
        ("", "", "OK"),
        ("ses://?from=reports@mail.example", "", "WARN"),
        ("ses://?from=reports@mail.example", "https://sqs.example/mail", "OK"),
        ("smtp://mail.example?from=reports@mail.example", "", "WARN"),
        ("smtp://mail.example?from=reports@mail.example&bounces=bounces@mail.example", "", "OK"),
    ],
)
def test_it_says_whether_anybody_hears_of_bounces(ask, settings, url, queue, level):
    settings.EMAIL_URL, settings.PORTAL_MAIL_EVENT_QUEUE_URL = url, queue

    (line,) = ask("mail-events")

    assert line.startswith(f"{level} mail-events: ")
