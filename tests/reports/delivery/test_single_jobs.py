"""Mails of a job that no schedule asked for: they read as well as the others, and their links work."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from reports import handing
from reports.models import Link, Recipient
from tenants.scope import tenant_scope
from tests import factories
from tests.reports.delivery import steps
from tests.reports.occurrences.steps import complete

pytestmark = pytest.mark.django_db


@pytest.fixture
def handed(acme, report):
    """A job on its way to Kim, whose files are there."""
    kim = factories.make_recipient(tenant=acme, email="kim@customer.example", name="Kim Park")
    asked_at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    parameters = {"From": ["2026-02-01T00:00:00+00:00"], "Region": ["North"]}
    job = factories.make_job(tenant=acme, report=report, status="collecting", trigger="batch", created_at=asked_at, parameters=parameters)
    factories.make_file(job=job, created_at=timezone.now())
    with tenant_scope(acme):
        (delivery,) = handing.hand_to(job, handing.people_of(Recipient.objects.filter(pk=kim.pk)), asked_at)
    complete(job, timezone.now())
    return delivery


def test_the_mail_names_the_report_its_days_and_the_company(smtp, handed):
    steps.carry_all()

    (mail,) = smtp.mails
    assert mail.message["Subject"] == "Daily call volume: 1 February 2026"
    for words in ("Your Daily call volume is ready", "You get this report because Acme Hotels added you.", "Stop these emails"):
        assert words in mail.text()
    assert "How often" not in mail.text()
    assert steps.now_of(handed).status == "sent"


def test_its_link_has_the_companys_terms_and_is_the_persons_own(smtp, handed, acme):
    steps.carry_all()

    with tenant_scope(acme):
        link = Link.objects.get(delivery=handed)
    assert (link.email, link.recipient_id, link.max_uses, link.job_id) == (
        "kim@customer.example",
        handed.recipient_id,
        acme.link_max_uses,
        handed.job_id,
    )
    assert f"/d/{acme.code}/" in smtp.mails[0].text()


def test_one_who_was_taken_out_of_the_address_book_meanwhile_gets_nothing(smtp, handed, acme):
    with tenant_scope(acme):
        Recipient.objects.all().delete()

    steps.carry_all()

    assert smtp.mails == []
    assert (steps.now_of(handed).status, steps.now_of(handed).failure_code) == ("suppressed", "recipient_removed")
