"""What companies' programs are told of: each fact once, in the transaction that makes it one, and nothing that they must not hold."""

from __future__ import annotations

import json

import pytest
from django.db import transaction
from django.utils import timezone

from reports import jobs, links
from reports.delivery import outcomes
from reports.delivery.channel import Refused as RefusedMail
from reports.delivery.channel import Sent
from reports.engine import due, moves
from reports.event_data import of_job
from reports.models import Delivery, Event, SnapshotJob
from reports.occurrences import noting
from tenants.audit import Actor
from tenants.scope import tenant_scope
from tests import factories
from tests.reports.delivery import steps as mail
from tests.reports.webhooks import steps

pytestmark = pytest.mark.django_db


def told(tenant) -> list[dict]:
    with tenant_scope(tenant):
        rows = list(Event.objects.filter(tenant=tenant).order_by("created_at"))
    bodies = [json.loads(row.body) for row in rows]
    assert [(body["id"], body["type"]) for body in bodies] == [(str(row.pk), row.type) for row in rows]
    return bodies


def test_a_body_says_who_what_and_when(acme, now):
    steps.happen(acme, now=now, status="completed")

    (body,) = told(acme)
    assert body | {"id": ""} == {
        "id": "",
        "type": "job.completed",
        "created_at": "2026-03-02T09:00:00.000000Z",
        "timestamp": "2026-03-02T09:00:00.000000Z",
        "api_version": "v1",
        "tenant": "acme",
        "data": {"status": "completed"},
    }


def test_only_webhooks_that_ask_for_it_and_are_active_get_it(acme, globex):
    everything = factories.make_webhook(tenant=acme)
    asks = factories.make_webhook(tenant=acme, events=["job.failed", "job.completed"])
    factories.make_webhook(tenant=acme, events=["job.failed"])
    factories.make_webhook(tenant=acme, status="paused")
    factories.make_webhook(tenant=acme, status="disabled", disabled_reason="gone")
    factories.make_webhook(tenant=globex)

    event = steps.happen(acme)

    waiting = steps.deliveries(acme)
    assert {row.webhook_id for row in waiting} == {everything.pk, asks.pk}
    assert {(row.event_id, row.status, row.tries) for row in waiting} == {(event.pk, "pending", 0)}
    assert steps.deliveries(globex) == []


def test_what_did_not_happen_is_told_to_nobody(acme):
    factories.make_webhook(tenant=acme)

    with tenant_scope(acme), transaction.atomic():
        steps.happen(acme)
        transaction.set_rollback(True)

    assert (told(acme), steps.deliveries(acme)) == ([], [])


def test_telling_costs_one_statement_whoever_listens(acme, django_assert_num_queries):
    for _ in range(3):
        factories.make_webhook(tenant=acme)

    with tenant_scope(acme), django_assert_num_queries(1):
        steps.tell(acme, Event.Type.JOB_COMPLETED, {}, timezone.now())

    assert len(steps.deliveries(acme)) == 3


def test_a_job_that_failed_says_why(acme, daily_calls, now):
    job = factories.make_job(
        tenant=acme,
        report=daily_calls,
        status="running",
        now=now,
        reference="case-4711",
        metadata={"crm": "A-9"},
        parameters={"Region": ["No"]},
    )

    moves.move(acme.pk, job.pk, "running", lambda found: moves.fail(found, "report_failed", now))

    (body,) = told(acme)
    data = body["data"]
    assert (body["type"], data["id"], data["status"], data["report"]) == ("job.failed", str(job.pk), "failed", "daily-calls")
    assert (data["reference"], data["metadata"], data["schedule"], data["batch"], data["files"]) == (
        "case-4711",
        {"crm": "A-9"},
        None,
        None,
        [],
    )
    assert (data["failure"]["code"], data["failure"]["retryable"]) == ("report_failed", True)
    assert data["url"].endswith(f"/api/v1/jobs/{job.pk}/")
    assert "Region" not in str(body)


def test_a_job_that_is_cancelled_is_told(acme, daily_calls, now):
    job = factories.make_job(tenant=acme, report=daily_calls, now=now)

    with tenant_scope(acme):
        jobs.cancel(SnapshotJob.objects.select_related("tenant", "report").get(pk=job.pk), Actor("olga@acme.example"), now=now)

    assert [body["type"] for body in told(acme)] == ["job.cancelled"]


def test_of_a_dry_run_its_company_is_told_nothing(acme, daily_calls, now):
    job = factories.make_dry_run(tenant=acme, report=daily_calls, status="running", now=now)

    moves.move(acme.pk, job.pk, "running", lambda found: moves.fail(found, "report_failed", now))

    assert told(acme) == []


def test_files_are_told_by_their_hash_and_not_by_where_they_are(acme, daily_calls):
    job = factories.make_job(tenant=acme, report=daily_calls, status="completed")
    file = factories.make_file(job=job)

    with tenant_scope(acme):
        (said,) = of_job(job)["files"]

    assert said == {"id": str(file.pk), "format": "PDF", "size_bytes": file.size_bytes, "sha256": bytes(file.sha256).hex()}


def test_the_callers_own_words_never_make_a_body_too_large(acme, daily_calls, now):
    metadata = {f"{number:040}": "\U0001f600" * 500 for number in range(20)}
    job = factories.make_job(tenant=acme, report=daily_calls, status="running", now=now, metadata=metadata, reference="\U0001f600" * 200)

    moves.move(acme.pk, job.pk, "running", lambda found: moves.fail(found, "report_failed", now, detail="x" * 2000))

    (body,) = told(acme)
    assert body["data"]["metadata"] is None
    with tenant_scope(acme):
        assert len(Event.objects.get().body.encode()) < 20_000


@pytest.mark.parametrize(
    ("write", "type", "code"),
    [
        (lambda lease, now: outcomes.sent(lease, Sent("250 ok"), now), "delivery.sent", None),
        (
            lambda lease, now: outcomes.not_sent(lease, RefusedMail("no_such_address", "550", bounced=True), now),
            "delivery.failed",
            "no_such_address",
        ),
    ],
)
def test_a_delivery_is_told_when_it_ends_and_without_its_address(acme, daily_calls, write, type, code):
    job = factories.make_job(tenant=acme, report=daily_calls, status="completed")
    recipient = factories.make_recipient(tenant=acme, email="kim@customer.example")
    delivery = factories.make_delivery(job=job, address=recipient.email, recipient=recipient, next_try_at=timezone.now())
    (lease,) = mail.take(Delivery)

    write(lease, timezone.now())

    (body,) = told(acme)
    data = body["data"]
    assert (body["type"], data["id"], data["job"], data["recipient"]) == (type, str(delivery.pk), str(job.pk), str(recipient.pk))
    assert (data["failure"] and data["failure"]["code"]) == code
    assert "customer.example" not in str(body)


def test_a_mail_that_comes_back_later_is_told_once(acme, daily_calls, now):
    job = factories.make_job(tenant=acme, report=daily_calls, status="completed", now=now)
    delivery = factories.make_delivery(job=job, status="sent")

    with tenant_scope(acme):
        found = Delivery.objects.select_related("tenant").get(pk=delivery.pk)
        for _ in range(2):
            outcomes.came_back(found, "no_such_address", "550", now, suppress=True)

    (body,) = told(acme)
    assert (body["type"], body["data"]["status"], body["data"]["failure"]["code"]) == ("delivery.failed", "bounced", "no_such_address")


def test_a_download_by_a_link_is_told_without_the_link(acme, daily_calls):
    job = factories.make_job(tenant=acme, report=daily_calls, status="completed")
    file = factories.make_file(job=job)
    link, token = factories.make_link(job=job)

    with tenant_scope(acme):
        found = links.opening.find(acme, token)
        (offered,) = links.opening.offered(found, timezone.now())
        for repeated in (False, True):
            assert links.opening.redeem(found, [offered], Actor("a visitor", ip="192.0.2.7"), repeated=repeated, now=timezone.now())

    (body,) = told(acme)
    data = body["data"]
    assert (body["type"], data["link"], data["file"], data["job"]) == ("link.downloaded", str(link.pk), str(file.pk), str(job.pk))
    assert token not in str(body)
    assert "192.0.2.7" not in str(body)


def test_a_run_that_was_missed_is_told_with_the_schedules_rule(acme, daily_calls, now):
    schedule = factories.make_schedule(
        tenant=acme, report=daily_calls, slug="morning", cron="0 7 * * *", timezone="UTC", missed="skip", next_run_at=now.replace(hour=7)
    )

    with tenant_scope(acme):
        for _ in range(2):
            noting.note_all(schedule, now)

    (body,) = told(acme)
    assert body["type"] == "schedule.missed"
    assert body["data"] == {
        "schedule": str(schedule.pk),
        "slug": "morning",
        "planned_at": "2026-03-02T07:00:00.000000Z",
        "reason": "portal_was_down",
        "policy": "skip",
    }


def test_the_engine_tells_of_several_companies_at_once(acme, globex, daily_calls, now):
    for tenant in (acme, globex):
        factories.make_webhook(tenant=tenant, events=["schedule.missed"])
        fields = {"cron": "0 7 * * *", "timezone": "UTC", "missed": "skip", "next_run_at": now.replace(hour=7)}
        factories.make_schedule(tenant=tenant, report=daily_calls, **fields)
    factories.make_webhook(tenant=acme, events=["schedule.paused"])
    factories.make_schedule(tenant=acme, report=daily_calls, slug="broken", cron="at noon", next_run_at=now)

    due.note(daily_calls.account_id, now)

    assert sorted(body["type"] for body in told(acme)) == ["schedule.missed", "schedule.paused"]
    assert [body["tenant"] for body in told(globex)] == ["globex"]
    assert len(steps.deliveries(acme)) == 2
    (paused,) = [body["data"] for body in told(acme) if body["type"] == "schedule.paused"]
    assert (paused["slug"], "at noon" in paused["reason"]) == ("broken", True)
