"""To whom a job's files went, on its page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from reports.models import Download
from tenants.scope import tenant_scope
from tests.factories import make_delivery, make_link
from tests.portal.views.test_queries import MOST, asked

pytestmark = pytest.mark.django_db


def page(browser, job):
    return browser.get(f"/t/acme/jobs/{job.pk}/").content.decode()


def mailed(job, address, *, status="sent", downloaded=False, link=None, **fields):
    delivery = make_delivery(job=job, address=address, status=status, **fields)
    if link is not None:
        made, _ = make_link(job=job, delivery=delivery, email=address, uses=int(downloaded), **link)
        if downloaded:
            with tenant_scope(job.tenant_id):
                Download.objects.create(tenant_id=job.tenant_id, file=job.files.get(), link=made, actor=made.reference, at=timezone.now())


def test_each_delivery_tells_its_state_in_words(as_adam, ready_job):
    mailed(ready_job, "a@customer.example", link={}, downloaded=True)
    mailed(ready_job, "b@customer.example", link={})
    mailed(ready_job, "c@customer.example", link={"revoked_at": timezone.now()})
    mailed(ready_job, "d@customer.example", status="bounced", failure_code="no_such_address")
    mailed(ready_job, "e@customer.example", status="pending", tries=1)

    shown = page(as_adam, ready_job)

    assert "to 5 people" in shown
    for word in ("Downloaded</span>", "Sent</span>", "Revoked</span>", "Bounced</span>", "There is no such address.", "Retrying</span>"):
        assert word in shown
    assert shown.count("No link yet") >= 2


def test_a_link_that_was_mailed_is_not_listed_among_those_made_by_hand(as_adam, ready_job):
    mailed(ready_job, "a@customer.example", link={"reference": "LNK-MAILED"})
    make_link(job=ready_job, reference="LNK-BYHAND")

    shown = page(as_adam, ready_job)

    assert "LNK-BYHAND" in shown
    assert "LNK-MAILED" not in shown


def test_a_job_that_nobody_was_sent_is_download_only(as_adam, ready_job):
    assert "Download only" in page(as_adam, ready_job)


def test_members_who_took_a_file_are_named_once_each(as_adam, acme, adam, ready_job):
    with tenant_scope(acme):
        for hours in (1, 2):
            at = timezone.now() - timedelta(hours=hours)
            Download.objects.create(tenant=acme, file=ready_job.files.get(), user=adam, actor=adam.email, at=at)

    shown = page(as_adam, ready_job)

    assert shown.count(f"{adam.email} (") == 1


def test_of_very_many_deliveries_the_first_are_shown_and_no_more_is_asked(as_adam, ready_job):
    for number in range(60):
        mailed(ready_job, f"p{number:02}@customer.example", link={}, downloaded=True)

    assert "50 of 60 shown" in page(as_adam, ready_job)
    assert len(asked(as_adam, f"/t/acme/jobs/{ready_job.pk}/")) <= MOST
