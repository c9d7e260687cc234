"""What staff see of accounts and companies: a day of an account, and a company that is suspended."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import sin

from reports import suspending
from reports.models import CapacitySample, DailyUsage, Report
from tenants.audit import Actor
from tenants.models import Tenant, User
from tenants.scope import engine_scope, staff_scope, tenant_scope
from tests.factories import (
    make_file,
    make_grant,
    make_job,
    make_link,
    make_member,
    make_occurrence,
    make_schedule,
    make_template,
    make_template_use,
    make_tenant,
)

BECAUSE = "Two invoices are not paid. Your contact at AnyCompany has written to you about it on 3 November."


def make_staff_views(parts: dict[str, str], reports: dict[str, Report], ines: User, now: datetime) -> User:
    """The person of the suspended company."""
    with staff_scope(ines):
        busy = Tenant.objects.get(slug=parts["busy_tenant"])
        paused, long_named = (Tenant.objects.get(slug=parts[name]) for name in ("paused_tenant", "long_tenant"))
    _day(reports["daily"], now)
    _template(ines, [paused, long_named, busy], reports["daily"], now)
    _company(busy, reports, now)
    verano = make_tenant(slug="verano", name="Verano Telecom", session_tags={"tenant_id": "3301"})
    person = make_member(tenant=verano, role="owner", email="vera@verano.example", name="Vera Lima")
    job = make_job(tenant=verano, report=reports["daily"], status="completed", now=now - timedelta(hours=30))
    make_file(job=job, name="daily.pdf")
    _link, token = make_link(job=job)
    make_schedule(tenant=verano, report=reports["daily"])
    with staff_scope(ines):
        suspending.suspend(verano, Actor(ines.email, user_id=ines.pk), BECAUSE, now - timedelta(hours=20))
    parts |= {"suspended_tenant": verano.slug, "busy_report": reports["daily"].slug, "link_resting": f"{verano.code}/{token}"}
    return person


def _template(ines: User, companies: list[Tenant], report: Report, now: datetime) -> None:
    """Of a busy company, of one with a long name, and of one that does not have the report; the first two ran this morning."""
    template = make_template(staff=ines, report=report, slug="morning-calls", name="Morning calls", parameters={"Lines": ["Groups"]})
    failed = {"failure_code": "report_not_available", "failure": "There is no such report.", "applied_version": None}
    at = now.replace(hour=6, minute=30, second=0, microsecond=0)
    for number, tenant in enumerate(companies):
        make_template_use(template=template, tenant=tenant, **(failed if tenant == companies[-1] else {}))
        if tenant == companies[-1]:
            continue
        linked = make_schedule(tenant=tenant, report=report, name=template.name, slug=template.slug, template_id=template.pk)
        for days in range(3):
            status, reason = ("failed", "jobs_failed") if (days, number) == (0, 1) else ("delivered", "")
            make_occurrence(schedule=linked, planned_at=at - timedelta(days=days), status=status, reason=reason)
    make_template(staff=ines, report=report, slug="month-close", name="Month close", cron="0 6 1 * *")


def _company(tenant: Tenant, reports: dict[str, Report], now: datetime) -> None:
    make_member(tenant=tenant, role="owner", email="amy@meridian.example", name="Amy Whitmore")
    make_grant(tenant=tenant, report=reports["billing"], parameters={"Currency": ["GBP, pound"]})
    for hours in range(1, 23):
        status = "failed" if hours in (3, 4) else "completed"
        at = now - timedelta(hours=hours)
        trigger = "schedule" if hours % 3 else "api"
        make_job(tenant=tenant, report=reports["daily"], status=status, now=at, trigger=trigger, finished_at=at + timedelta(seconds=72))
    with tenant_scope(tenant):
        DailyUsage.objects.create(tenant=tenant, day=now.astimezone(tenant.zone).date(), jobs=24, completed=20, failed=2, recounted_at=now)


def _day(report: Report, now: datetime) -> None:
    """Busy in the afternoon and in the morning."""
    start = now.replace(second=0, microsecond=0)
    samples = []
    for quarter in range(96):
        at = start - timedelta(minutes=15 * (95 - quarter))
        wanted = round(7 + 8 * sin(quarter / 9) + quarter % 3)
        ended = {"delivered": max(0, wanted), "failed": quarter % 40 // 39, "throttled": quarter // 12}
        facts = {"in_use": min(12, max(0, wanted)), "waiting": max(0, 2 * (wanted - 12)), "oldest_seconds": max(0, 30 * (wanted - 12))}
        samples.append(CapacitySample(account=report.account, at=at, slots=12, **facts, **ended))
    with engine_scope():
        CapacitySample.objects.bulk_create(samples)
