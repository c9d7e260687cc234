"""Who downloaded nothing of what was sent is reminded once, where the schedule says so and the report can still be had."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reports import links
from reports.delivery.last_look import reason_not_to_send
from reports.mails.letters import letter_of_notice
from reports.models import AudienceRecipient, Delivery, Link, Notice, Schedule, SnapshotFile, Suppression
from reports.nudges import reminding
from tenants import roles
from tenants.models import Tenant
from tenants.scope import engine_scope, platform_scope, tenant_scope
from tests import factories
from tests.reports.delivery import steps

pytestmark = pytest.mark.django_db
DAYS = 3


@pytest.fixture
def schedule(acme, daily_calls):
    return factories.make_schedule(tenant=acme, report=daily_calls, remind_after_days=DAYS)


@pytest.fixture
def job(acme, daily_calls, schedule):
    run = factories.make_occurrence(schedule=schedule, status="running", expanded_at=timezone.now())
    job = factories.make_job(tenant=acme, report=daily_calls, status="completed", occurrence=run)
    factories.make_file(job=job)
    return job


@pytest.fixture
def delivery(acme, job) -> Delivery:
    """Sent a while ago, with its link."""
    sent_at = timezone.now() - timedelta(days=DAYS, minutes=1)
    delivery = steps.due_delivery(job, "kim@customer.example", status="sent", sent_at=sent_at, ended_at=sent_at, next_try_at=None)
    with tenant_scope(acme):
        links.for_delivery(delivery, now=sent_at)
        Delivery.objects.filter(pk=delivery.pk).update(remind_at=sent_at + timedelta(days=DAYS))
    return delivery


def always() -> bool:
    return True


def remind(now=None) -> int:
    return reminding.remind_all(now or timezone.now(), always)


def reminders(tenant) -> list[Notice]:
    with tenant_scope(tenant):
        return list(Notice.objects.filter(tenant=tenant, kind=Notice.Kind.REMINDER))


def put(tenant, model, **changes) -> None:
    with tenant_scope(tenant):
        model.objects.filter(tenant=tenant).update(**changes)


def test_it_has_the_same_link_and_comes_once(acme, delivery):
    numbers = [remind(), remind()]

    (notice,) = reminders(acme)
    with tenant_scope(acme):
        letter = letter_of_notice(notice, timezone.now())
        url = links.for_delivery(delivery, now=timezone.now()).url
    assert numbers == [1, 0]
    assert notice.address == "kim@customer.example"
    assert url in letter.message.body
    assert "List-Unsubscribe" in letter.message.extra_headers


def test_not_before_its_days_are_over(acme, delivery):
    put(acme, Delivery, remind_at=timezone.now() + timedelta(minutes=1))

    assert remind() == 0
    assert remind(timezone.now() + timedelta(minutes=2)) == 1


@pytest.mark.parametrize(("late", "number"), [(timedelta(days=7) - timedelta(seconds=1), 1), (timedelta(days=7), 0)])
def test_not_when_the_portal_was_down_for_a_week(late, number, acme, delivery):
    with tenant_scope(acme):
        Link.objects.filter(delivery=delivery).update(expires_at=delivery.sent_at + timedelta(days=90))
    due = steps.now_of(delivery).remind_at

    assert remind(due + late) == number
    assert steps.now_of(delivery).remind_at is None


@pytest.mark.django_db(transaction=True)
def test_two_at_once_remind_once(acme, delivery):
    now, numbers = timezone.now(), []

    def look() -> None:
        try:
            numbers.append(reminding.remind_all(now, always))
        finally:
            connection.close()

    threads = [Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(numbers) == [0, 0, 0, 1]
    assert len(reminders(acme)) == 1


def test_a_mail_that_leaves_knows_when_to_look(acme, job, smtp_like):
    delivery = steps.due_delivery(job, "lou@customer.example")

    steps.carry_all()

    sent = steps.now_of(delivery)
    assert sent.remind_at == sent.sent_at + timedelta(days=DAYS)


def test_turning_it_on_reminds_nobody_of_older_reports(acme, job, schedule, smtp_like):
    put(acme, Schedule, remind_after_days=None)
    delivery = steps.due_delivery(job, "lou@customer.example")
    steps.carry_all()
    put(acme, Schedule, remind_after_days=1)

    number = remind(timezone.now() + timedelta(days=30))

    assert (steps.now_of(delivery).remind_at, number) == (None, 0)


@pytest.mark.parametrize(
    "what",
    [
        "downloaded",
        "link revoked",
        "link ended",
        "link used up",
        "withdrawn",
        "corrected",
        "files gone",
        "stopped mails",
        "bounced",
        "taken out",
        "schedule removed",
        "reminders turned off",
        "company suspended",
    ],
)
def test_nobody_is_reminded_of_what_is_had_not_wanted_or_cannot_be_had(what, acme, delivery, job, daily_calls):
    now = timezone.now()
    with tenant_scope(acme):
        link = Link.objects.get(delivery=delivery)
        file = job.files.get()
    match what:
        case "downloaded":
            with tenant_scope(acme):
                file.downloads.create(tenant=acme, link=link, actor=link.reference, at=now)
        case "link revoked":
            put(acme, Link, revoked_at=now)
        case "link ended":
            put(acme, Link, expires_at=now - timedelta(minutes=1))
        case "link used up":
            put(acme, Link, max_uses=1, uses=1)
        case "withdrawn":
            put(acme, SnapshotFile, recalled_at=now)
        case "corrected":
            put(acme, Link, superseded_by=factories.make_job(tenant=acme, report=daily_calls, status="completed", replaces=job))
            put(acme, SnapshotFile, recalled_at=now)
        case "files gone":
            put(acme, SnapshotFile, purged_at=now)
        case "stopped mails":
            with tenant_scope(acme):
                Suppression.objects.create(tenant=acme, email=delivery.address, reason="unsubscribed", at=now)
        case "bounced":
            put(acme, Delivery, status="bounced")
        case "taken out":
            with tenant_scope(acme):
                AudienceRecipient.objects.filter(tenant=acme).delete()
        case "schedule removed":
            put(acme, Schedule, retired_at=now)
        case "reminders turned off":
            put(acme, Schedule, remind_after_days=None)
        case "company suspended":
            with platform_scope():
                Tenant.objects.filter(pk=acme.pk).update(suspended_at=now)

    assert remind() == 0
    assert reminders(acme) == []
    assert steps.now_of(delivery).remind_at is None


def test_who_downloads_between_the_wish_and_the_mail_gets_none(acme, delivery, job):
    remind()
    (notice,) = reminders(acme)
    with tenant_scope(acme):
        link = Link.objects.get(delivery=delivery)
        job.files.get().downloads.create(tenant=acme, link=link, actor=link.reference, at=timezone.now())

        letter = letter_of_notice(notice, timezone.now())

    assert letter is None


def test_who_stops_the_mails_between_the_wish_and_the_mail_gets_none(acme, delivery):
    remind()
    (notice,) = reminders(acme)
    with tenant_scope(acme):
        Suppression.objects.create(tenant=acme, email=delivery.address, reason="unsubscribed", at=timezone.now())

        reason = reason_not_to_send(notice, timezone.now())

    assert reason == "unsubscribed"


def test_companies_take_turns_and_each_sees_its_own(acme, globex, delivery, monkeypatch):
    monkeypatch.setattr(reminding, "BATCH", 1)

    assert remind() == 1
    assert reminders(globex) == []


@pytest.mark.django_db(transaction=True)
def test_what_is_due_is_found_by_its_index_however_much_was_sent(acme, delivery, job, login):
    with tenant_scope(acme):
        ended = {"status": "sent", "created_at": delivery.sent_at, "sent_at": delivery.sent_at, "ended_at": delivery.sent_at}
        others = [Delivery(tenant=acme, job=job, address=f"p{index}@customer.example", **ended) for index in range(3000)]
        Delivery.objects.bulk_create(others)
    login(roles.OWNER).execute("analyze reports_delivery")

    with CaptureQueriesContext(connection) as asked:
        assert remind() == 1

    companies, rows = [query["sql"] for query in asked.captured_queries if '"remind_at" <=' in query["sql"]]
    with engine_scope(), connection.cursor() as cursor:
        cursor.execute("explain " + companies)
        assert "delivery_to_remind" in str(cursor.fetchall())
    with tenant_scope(acme), connection.cursor() as cursor:
        cursor.execute("explain " + rows)
        assert "delivery_to_remind" in str(cursor.fetchall())
