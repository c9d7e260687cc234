"""Between planning and sending people stop mails, leave, and revoke: then nothing is sent, and the row says why."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reports import links
from reports.delivery import unsubscribing
from reports.delivery.last_look import reason_not_to_send
from reports.models import AudienceRecipient, Grant, Notice, Recipient, Schedule, Suppression
from tenants.audit import Actor
from tenants.models import Tenant
from tenants.scope import platform_scope, tenant_scope
from tests import factories
from tests.reports.delivery import steps

pytestmark = pytest.mark.django_db


def unsubscribed(delivery):
    unsubscribing.stop(delivery, Actor("kim"), now=timezone.now())


def removed_from_the_address_book(delivery):
    Recipient.objects.filter(pk=delivery.recipient_id).delete()


def removed_from_the_audience(delivery):
    AudienceRecipient.objects.filter(recipient=delivery.recipient_id).delete()


def schedule_deleted(delivery):
    Schedule.objects.update(retired_at=timezone.now())


def report_withdrawn(delivery):
    Grant.objects.update(withdrawn_at=timezone.now())


def link_revoked(delivery):
    links.revoke(links.for_delivery(delivery, now=timezone.now()).link, Actor("adam"), now=timezone.now())


def complained(delivery):
    Suppression.objects.create(tenant=delivery.tenant, email=delivery.address, reason="complained", at=timezone.now())


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (unsubscribed, "unsubscribed"),
        (complained, "complained"),
        (removed_from_the_address_book, "recipient_removed"),
        (removed_from_the_audience, "recipient_removed"),
        (schedule_deleted, "schedule_retired"),
        (report_withdrawn, "report_withdrawn"),
        (link_revoked, "link_revoked"),
    ],
)
def test_what_happened_meanwhile_keeps_the_mail_here(smtp, job, act, code):
    delivery = steps.due_delivery(job, "kim@customer.example")
    with tenant_scope(job.tenant):
        act(steps.now_of(delivery))

    steps.carry_all()

    row = steps.now_of(delivery)
    assert (row.status, row.failure_code, smtp.mails) == ("suppressed", code, [])
    assert row.ended_at is not None


def allow_only(domain, tenant):
    with platform_scope():
        Tenant.objects.filter(pk=tenant.pk).update(recipient_domains=[domain])


def asked_for(job, kind):
    link, _token = factories.make_link(job=job, email="kim@customer.example")
    return steps.due_notice(job.tenant, "kim@customer.example", kind=kind, link=link)


def test_a_domain_that_is_allowed_no_more_gets_nothing(smtp, job):
    delivery = steps.due_delivery(job, "kim@customer.example")
    allow_only("acme.example", job.tenant)

    steps.carry_all()

    row = steps.now_of(delivery)
    assert (row.status, row.failure_code, smtp.mails) == ("suppressed", "domain_not_allowed", [])


@pytest.mark.parametrize("kind", ["new_link", "code", "ready_again"])
def test_a_domain_that_is_allowed_no_more_gets_nothing_for_its_old_links(smtp, job, kind):
    notice = asked_for(job, kind)
    allow_only("acme.example", job.tenant)

    steps.carry_all(Notice)

    row = steps.now_of(notice)
    assert (row.status, row.failure_code, smtp.mails) == ("suppressed", "domain_not_allowed", [])


def test_there_is_no_new_link_to_a_report_that_was_withdrawn(smtp, job):
    notice = asked_for(job, "new_link")
    with tenant_scope(job.tenant):
        report_withdrawn(notice)

    steps.carry_all(Notice)

    row = steps.now_of(notice)
    assert (row.status, row.failure_code, smtp.mails) == ("suppressed", "report_withdrawn", [])


def test_who_is_in_a_group_of_the_audience_gets_it(smtp, job):
    recipient = factories.make_recipient(tenant=job.tenant)
    group = factories.make_group(tenant=job.tenant, recipients=[recipient])
    audience = factories.make_audience(schedule=job.occurrence.schedule, groups=[group])
    delivery = factories.make_delivery(job=job, address=recipient.email, recipient=recipient, audience=audience, next_try_at=timezone.now())

    steps.carry_all()

    assert steps.now_of(delivery).status == "sent"


def test_many_people_in_an_audience_and_in_its_groups_are_not_paired_with_each_other(job):
    schedule, number = job.occurrence.schedule, 300
    with tenant_scope(job.tenant):
        people = Recipient.objects.bulk_create(
            [Recipient(tenant=job.tenant, email=f"p{index}@customer.example") for index in range(2 * number)]
        )
    group = factories.make_group(tenant=job.tenant, recipients=people[:number])
    audience = factories.make_audience(schedule=schedule, groups=[group], recipients=people[number:])
    deliveries = [
        factories.make_delivery(job=job, address=who.email, recipient=who, audience=audience) for who in (people[number - 1], people[-1])
    ]

    with tenant_scope(job.tenant), CaptureQueriesContext(connection) as asked:
        assert [reason_not_to_send(steps.now_of(delivery), timezone.now()) for delivery in deliveries] == ["", ""]

    with tenant_scope(job.tenant), connection.cursor() as cursor:
        for query in asked.captured_queries:
            if query["sql"].startswith("SELECT"):
                cursor.execute("explain (analyze, timing off) " + query["sql"])
                found = re.findall(r"actual rows=([\d.]+) loops=(\d+)", str(cursor.fetchall()))
                assert max(float(rows) * int(loops) for rows, loops in found) <= 10 * number, query["sql"]


def test_a_copy_needs_no_audience(smtp, job):
    delivery = factories.make_delivery(job=job, address="boss@acme.example", is_copy=True, next_try_at=timezone.now())

    steps.carry_all()

    assert steps.now_of(delivery).status == "sent"


@pytest.mark.parametrize(("kind", "status"), [(Notice.Kind.TEST, "sent"), (Notice.Kind.READY_AGAIN, "suppressed")])
def test_what_a_person_asks_for_comes_although_they_stopped_the_regular_mails(smtp, acme, kind, status):
    with tenant_scope(acme):
        Suppression.objects.create(tenant=acme, email="kim@customer.example", reason="unsubscribed", at=timezone.now())
    notice = steps.due_notice(acme, "kim@customer.example", kind=kind)

    steps.carry_all(Notice)

    assert steps.now_of(notice).status == status
