"""What was sent to one end customer of a company, in every state, and ways into that archive."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import playwright.sync_api as browser

from reports import links
from reports.models import ArchiveVisit, Link, Report
from tenants.models import Tenant
from tenants.scope import tenant_scope
from tenants.secrets import secret_hash
from tests.factories import make_audience, make_delivery, make_file, make_job, make_link, make_occurrence, make_recipient, make_schedule

GUEST = "gm.funchal@azurebay.example"
SESSION, FRESH, USED = "the-browser-of-the-archive", "a-fresh-way-in", "a-used-way-in"
DAY = 24.0
# Schedule, hours ago, what became of its link, downloads.
SENT: list[tuple[str, str, float, dict[str, Any], str]] = [
    ("daily", "Daily call summary", 3, {"uses": 3}, ""),
    ("detail", "Property morning pack", 2, {}, ""),
    ("daily", "Daily call summary", 1 * DAY, {}, ""),
    ("conversion", "Reservation line conversion", 7 * DAY, {"uses": 1}, "corrected"),
    ("daily", "Daily call summary", 33 * DAY, {"ended": True}, ""),
    ("voice", "Voice of the guest", 35 * DAY, {}, "recalled"),
    ("agents", "Agent performance, all teams of the north and of the islands", 40 * DAY, {"uses": 50}, ""),
]


def make_archive(parts: dict[str, str], tenant: Tenant, reports: dict[str, Report], now: datetime) -> None:
    guest = make_recipient(tenant=tenant, email=GUEST)
    schedules = {title: make_schedule(tenant=tenant, report=reports[name], name=title, cron="0 6 * * *") for name, title, *_rest in SENT}
    audiences = {title: make_audience(schedule=schedule, recipients=[guest]) for title, schedule in schedules.items()}
    for name, title, ago, terms, fate in SENT:
        at = now - timedelta(hours=ago)
        run = make_occurrence(schedule=schedules[title], status="delivered", planned_at=at)
        recalled = {"recalled_at": at + timedelta(days=1), "recalled_by": "Marta Oliveira"} if fate == "recalled" else {}
        job = make_job(tenant=tenant, report=reports[name], status="completed", now=at, occurrence=run, **recalled)
        make_file(job=job, size_bytes=602_112, recalled_at=recalled.get("recalled_at"))
        mailed = make_delivery(job=job, address=GUEST, status="sent", recipient=guest, audience=audiences[title], sent_at=at, created_at=at)
        newer = _correction(job, reports[name], at) if fate == "corrected" else None
        ends = now - timedelta(hours=1) if terms.get("ended") else now + timedelta(days=7)
        with tenant_scope(tenant):
            link = links.for_delivery(mailed, now=at).link
            Link.objects.filter(pk=link.pk).update(expires_at=ends, uses=terms.get("uses", 0), superseded_by=newer)
    _ways_in(tenant, now)
    parts |= {"archive": tenant.code, "link_archive_fresh": f"{tenant.code}/{FRESH}", "link_archive_used": f"{tenant.code}/{USED}"}
    parts["link_withdrawn"] = _withdrawn(tenant, reports["voice"], now)
    parts["link_several"] = _several(tenant, reports["sla"], now)


def _correction(job: Any, report: Report, at: datetime) -> Any:
    because = {"replaces": job, "replaces_because": "Faro Beach was missing on Saturday."}
    newer = make_job(tenant=job.tenant, report=report, status="completed", now=at + timedelta(days=2), **because)
    make_file(job=newer, size_bytes=612_112)
    return newer


def _ways_in(tenant: Tenant, now: datetime) -> None:
    # Longer than there is in truth: a walk through all pages takes its time.
    open_ = {"opened_at": now, "session_ends_at": now + timedelta(hours=3)}
    with tenant_scope(tenant):
        for token, fields in (
            (FRESH, {}),
            (USED, open_ | {"session_sha256": secret_hash("another browser")}),
            ("the shown one", open_ | {"session_sha256": secret_hash(SESSION)}),
        ):
            life = {"expires_at": now + timedelta(days=1), "created_at": now}
            ArchiveVisit.objects.create(tenant=tenant, email=GUEST, language="en", token_sha256=secret_hash(token), **life, **fields)


def _withdrawn(tenant: Tenant, report: Report, now: datetime) -> str:
    told = {"recalled_at": now - timedelta(hours=2), "recalled_because": "Faro Beach was missing on Saturday."}
    job = make_job(tenant=tenant, report=report, status="completed", now=now - timedelta(days=1), **told)
    make_file(job=job, recalled_at=told["recalled_at"])
    _link, token = make_link(job=job, email=GUEST, reference="LNK-7D2AAAAA", id=uuid.uuid5(uuid.NAMESPACE_URL, "withdrawn"))
    return f"{tenant.code}/{token}"


def _several(tenant: Tenant, report: Report, now: datetime) -> str:
    job = make_job(tenant=tenant, report=report, status="completed", now=now - timedelta(hours=3), formats=["PDF", "CSV"])
    make_file(job=job, name="sla-compliance_2026-11-22.pdf", size_bytes=1_887_437)
    make_file(job=job, format="CSV", name="sla-compliance_2026-11-22.csv", size_bytes=421_888)
    _link, token = make_link(job=job, email=GUEST, reference="LNK-7D3AAAAA", id=uuid.uuid5(uuid.NAMESPACE_URL, "several"))
    return f"{tenant.code}/{token}"


def in_its_browser(page: browser.Page) -> None:
    """As one that opened the mailed way in, which opens once."""
    code = page.url.rstrip("/").rpartition("/")[2].partition("?")[0]
    page.context.add_cookies([{"name": f"archive-{code}", "value": SESSION, "url": page.url}])
    page.reload()
