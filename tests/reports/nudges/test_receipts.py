"""The owner of a schedule hears who downloaded, in one mail for many downloads."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection
from django.utils import timezone

from reports import links
from reports.delivery.taking import Round
from reports.files import note_download
from reports.mails.letters import letter_of_notice
from reports.models import Link, Notice
from tenants.audit import Actor
from tenants.scope import engine_scope, tenant_scope
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def job(acme, olga, daily_calls):
    schedule = factories.make_schedule(tenant=acme, report=daily_calls, name="Morning calls", receipts=True)
    run = factories.make_occurrence(schedule=schedule, status="delivered", expanded_at=timezone.now())
    job = factories.make_job(tenant=acme, report=daily_calls, status="completed", occurrence=run)
    factories.make_file(job=job, name="calls.pdf")
    return job


def download(job, address: str, at) -> None:
    """By a link of its own, as a visitor does."""
    delivery = factories.make_delivery(job=job, address=address, name=address.partition("@")[0].title(), status="sent")
    _made, token = factories.make_link(job=job, email=address, delivery=delivery)
    again(job, token, at)


def again(job, token: str, at, *, repeated: bool = False) -> None:
    with tenant_scope(job.tenant_id):
        link = links.find(job.tenant, token)
        assert link is not None
        assert links.redeem(link, [job.files.get()], Actor(link.reference), repeated=repeated, now=at)


def receipts(tenant) -> list[Notice]:
    with tenant_scope(tenant):
        return list(Notice.objects.filter(tenant=tenant, kind=Notice.Kind.RECEIPT).order_by("created_at"))


def letter(notice: Notice) -> str:
    with tenant_scope(notice.tenant_id):
        written = letter_of_notice(
            Notice.objects.select_related("tenant", "occurrence__schedule__report").get(pk=notice.pk), timezone.now()
        )
    return f"{written.message.subject}\n{written.message.body}" if written else ""


def test_downloads_of_a_quarter_of_an_hour_are_one_mail(acme, olga, job):
    now = timezone.now()
    download(job, "kim@customer.example", now)
    download(job, "lou@customer.example", now + timedelta(minutes=5))

    (notice,) = receipts(acme)

    assert (notice.address, notice.next_try_at) == (olga.email, now + timedelta(minutes=15))
    text = letter(notice)
    assert text.startswith("2 downloads of Morning calls")
    assert "Kim <kim@customer.example>: calls.pdf" in text
    assert "lou@customer.example" in text


def test_later_ones_come_together_a_day_later(acme, job):
    now = timezone.now()
    download(job, "kim@customer.example", now)
    with tenant_scope(acme):
        Notice.objects.filter(tenant=acme).update(status="sent", sent_at=now, ended_at=now, next_try_at=None, tries=1)
    download(job, "lou@customer.example", now + timedelta(hours=1))
    download(job, "max@customer.example", now + timedelta(hours=2))

    first, second = receipts(acme)

    assert second.next_try_at == first.created_at + timedelta(days=1)
    text = letter(second)
    assert "kim@" not in text
    assert "lou@" in text
    assert "max@" in text


def test_a_repeated_download_is_no_news(acme, job):
    now = timezone.now()
    _link, token = factories.make_link(job=job, email="kim@customer.example")
    again(job, token, now)
    with tenant_scope(acme):
        Notice.objects.filter(tenant=acme).update(status="sent", sent_at=now, ended_at=now, next_try_at=None, tries=1)

    again(job, token, now + timedelta(minutes=1), repeated=True)

    assert len(receipts(acme)) == 1


def test_nobody_hears_of_it_where_the_schedule_does_not_say_so(acme, job):
    with tenant_scope(acme):
        type(job.occurrence.schedule).objects.update(receipts=False)

    download(job, "kim@customer.example", timezone.now())

    assert receipts(acme) == []


def test_an_owner_hears_nothing_of_what_they_download_themselves(acme, olga, job):
    now = timezone.now()
    download(job, olga.email.upper(), now)
    alone = receipts(acme)
    download(job, "kim@customer.example", now + timedelta(minutes=1))
    download(job, olga.email, now + timedelta(minutes=2))

    (notice,) = receipts(acme)

    assert alone == []
    text = letter(notice)
    assert text.startswith("1 download of Morning calls")
    assert "kim@customer.example" in text


@pytest.mark.django_db(transaction=True)
def test_the_courier_begins_no_mail_while_a_download_that_it_tells_of_is_written(acme, job):
    """Else the mail would miss it, and no later one would tell of it."""
    now = timezone.now()
    download(job, "kim@customer.example", now)
    delivery = factories.make_delivery(job=job, address="lou@customer.example", status="sent")
    _made, token = factories.make_link(job=job, email="lou@customer.example", delivery=delivery)
    with tenant_scope(acme):
        Notice.objects.filter(tenant=acme).update(next_try_at=now - timedelta(seconds=1))
    taken = []

    def take() -> None:
        try:
            with engine_scope():
                taken.append(len(Round(Notice).take(10)))
        finally:
            connection.close()

    with tenant_scope(acme):
        again(job, token, now)
        courier = Thread(target=take)
        courier.start()
        courier.join()
    take()

    assert taken == [0, 1]


def test_what_a_member_downloads_in_the_portal_is_no_receipt(acme, olga, job):
    with tenant_scope(acme):
        note_download(job.files.get(), Actor(olga.email), now=timezone.now())

    assert receipts(acme) == []


def test_the_mail_names_nobody_who_was_erased_meanwhile(acme, job):
    download(job, "kim@customer.example", timezone.now())
    with tenant_scope(acme):
        Link.objects.filter(tenant=acme).update(email="")
        job.deliveries.update(name="", address="erased@invalid")

    (notice,) = receipts(acme)

    assert "kim" not in letter(notice).lower()
