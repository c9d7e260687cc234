"""Mails as they leave, of a company of their own: what `make screenshots` draws beside the design's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from reports import links, notices
from reports.mails.letters import letter_of, letter_of_notice
from reports.models import DailyUsage, Delivery, Notice
from reports.usage import starts_at
from tenants.models import Invitation, Tenant
from tenants.scope import tenant_scope
from tests import factories
from tests.reports.mails.conftest import change, read

HOUR = timedelta(hours=1)


def make_mails() -> dict[str, str]:
    """HTML by the mock-up's name."""
    return dict(_mails())


def _mails() -> Iterator[tuple[str, str]]:
    now = timezone.now()
    tenant = factories.make_tenant(
        slug="madeira", name="Azure Bay Hotels", timezone="Europe/Lisbon", reply_to="reports@azurebay.example", brand_color="#0f5c6e"
    )
    marta = factories.make_member(tenant=tenant, role="owner", email="marta@madeira.example", name="Marta Oliveira")
    report = factories.make_report(slug="call-summary", name="Daily call summary", parameters=[])
    factories.make_grant(tenant=tenant, report=report)
    schedule = factories.make_schedule(tenant=tenant, report=report, slug="mornings", owner=marta, next_run_at=now + 22 * HOUR)
    schedule.tenant = tenant
    run = factories.make_occurrence(schedule=schedule, planned_at=now - 2 * HOUR, status="running")
    made = {"tenant": tenant, "report": report, "occurrence": run, "now": now}
    job = factories.make_job(**made, status="completed")
    factories.make_file(job=job, format="PDF", size_bytes=1_887_437, created_at=now)
    yield "email-delivered", _delivered(factories.make_delivery(job=job, address="rosa@azurebay.example", name="Rosa Santos"))
    failed = factories.make_job(**made, status="failed", failure_code="report_failed", attempt_count=3, fingerprint="other")
    for number in range(3):
        factories.make_delivery(job=failed, address=f"guest{number}@azurebay.example", status="failed", failure_code="job_failed")
    change(run, status="failed", ended_at=now)
    cause = {"of": "job", "code": "report_failed", "cause": "job:report_failed"}
    yield "email-failure", _noticed(tenant, Notice.Kind.RUN_FAILED, schedule=schedule, occurrence=run, data=cause)
    week = now.date() - timedelta(days=now.weekday() + 7)
    _a_week(tenant, week)
    yield "email-digest", _noticed(tenant, Notice.Kind.DIGEST, data={"week": f"{week}"})
    with tenant_scope(tenant):
        invitation, _token = Invitation.issue(tenant, "nuno@azurebay.example", "viewer", now)
    yield "email-invitation", _noticed(tenant, Notice.Kind.INVITATION, data={"invitation": str(invitation.pk)})


def _a_week(tenant: Tenant, week: date) -> None:
    with tenant_scope(tenant):
        DailyUsage.objects.create(tenant=tenant, day=week, completed=330, failed=5, downloads=312)
    for title, in_time, due in (("SLA compliance", 42, 42), ("Property morning pack", 3, 5), ("Agent performance", 4, 5)):
        report = factories.make_report(slug=title.lower().replace(" ", "-"), name=title, parameters=[])
        schedule = factories.make_schedule(tenant=tenant, report=report, slug=report.slug)
        for number in range(due):
            planned_at = starts_at(tenant, week) + (number + 1) * HOUR
            ended_at = planned_at + (HOUR / 10 if number < in_time else HOUR)
            factories.make_occurrence(schedule=schedule, planned_at=planned_at, status="delivered", ended_at=ended_at)
    factories.make_suppression(tenant=tenant, email="faro.gm@azurebay.example")
    factories.make_api_key(tenant=tenant, name="crm-sync", expires_at=timezone.now() + timedelta(days=9))


def _delivered(delivery: Delivery) -> str:
    with tenant_scope(delivery.tenant_id):
        related = ("tenant", "job__report", "occurrence__schedule__report", "occurrence__schedule__tenant")
        row = Delivery.objects.select_related(*related).get(pk=delivery.pk)
        return read(letter_of(row, links.for_delivery(row, now=timezone.now()).url, timezone.now())).html


def _noticed(tenant: Tenant, kind: Notice.Kind, **about: Any) -> str:
    with tenant_scope(tenant):
        notice, _ = notices.ask_for(tenant, kind, f"picture of {kind}", "marta@madeira.example", now=timezone.now(), **about)
        letter = letter_of_notice(notice, timezone.now())
        assert letter, kind
        return read(letter).html
