"""A company in which everything is called as long as people call things: sixty characters, some in one word; and forty session tags.

For tests that look at pages: no page may scroll sideways because of it, at any width.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from reports.models import Report, SnapshotJob
from tenants.models import Tenant, User
from tenants.scope import tenant_scope
from tests import factories

COMPANY = "DonaudampfschifffahrtsgesellschaftshauptverwaltungsgebäudeAG"
PERSON = "Maximiliane Freifrau von und zu Hohenlohe-Waldenburg-Schilli"
REPORT = "Reservierungsleitungskonversionsauswertungsgesamtübersichten"
OTHER_REPORT = "Queue wait, abandonment and transfers by property and by hou"
PARAMETER = "Buchungszeitraumbeginnvergleichszeitraumfortschreibungsdatum"
VALUE = "Azure_Bay_Funchal_Harbour_and_Old_Town_Collection_2026_Q4_EU"
FILE = "reservierungsleitungskonversionsauswertung_2026-11-22_q4.pdf"
EMAIL = "maximiliane.hohenlohe-waldenburg@reservierungsleitung.example"
HOST = "berichtsereignisempfaenger.reservierungsleitung.donau.example"
TAGS = {f"geschaeftsbereichskennzeichen_der_niederlassung_nummer_{n:05}": f"{VALUE[:54]}{n:06}" for n in range(39)}


@dataclass(frozen=True)
class LongNames:
    tenant: Tenant
    owner: User
    report: Report
    queued: SnapshotJob
    retrying: SnapshotJob
    moving: SnapshotJob
    completed: SnapshotJob
    failed: SnapshotJob


def make_long_names() -> LongNames:
    now = timezone.now()
    tenant = factories.make_tenant(slug="donau", name=COMPANY, session_tags={"tenant_id": "donau"} | TAGS)
    owner = factories.make_member(tenant=tenant, role="owner", name=PERSON, email=EMAIL)
    parameters = [{"name": PARAMETER, "type": "string", "multiple": True, "default": [VALUE]}]
    report = factories.make_report(name=REPORT, slug="reservierung", description=f"{VALUE} {REPORT}", parameters=parameters)
    other = factories.make_report(name=OTHER_REPORT, slug="queue-wait", description=OTHER_REPORT)
    factories.make_grant(tenant=tenant, report=report)
    recipient = factories.make_recipient(tenant=tenant, email=EMAIL, name=PERSON)
    group = factories.make_group(tenant=tenant, name=COMPANY, recipients=[recipient])
    factories.make_audience(schedule=factories.make_schedule(tenant=tenant, report=report, name=REPORT), groups=[group])

    def job(of: Report, status: str, minutes: int, **fields) -> SnapshotJob:
        began = now - timedelta(minutes=minutes)
        asked = {"parameters": {PARAMETER: [VALUE, VALUE]}, "requested_by": owner, "actor": owner.email, "formats": ["PDF", "CSV", "EXCEL"]}
        made = factories.make_job(tenant=tenant, report=of, status=status, now=began, **asked | fields)
        with tenant_scope(tenant):
            made.note("queued", began, actor=owner.email)
        return made

    attempt = {"session_tags": {"tenant_id": "donau"} | TAGS}
    moving = job(report, "running", 4, started_at=now - timedelta(minutes=4), attempt_count=1)
    factories.make_attempt(job=moving, **attempt)
    completed = job(
        report, "completed", 60, attempt_count=2, started_at=now - timedelta(minutes=60), finished_at=now - timedelta(minutes=59)
    )
    factories.make_attempt(
        job=completed, ended_at=now, failure_code="report_failed", error_type="InternalError", error_message=VALUE * 4, **attempt
    )
    last = factories.make_attempt(job=completed, number=2, ended_at=now, **attempt)
    for format in ("PDF", "CSV", "EXCEL"):
        factories.make_file(job=completed, attempt=last, format=format, name=FILE, size_bytes=1_900_000)
        factories.make_link(job=completed, uses=3, created_by=EMAIL)
    with tenant_scope(tenant):
        completed.note("saved", now, name=FILE)
    failed = job(other, "failed", 90, attempt_count=3, failure_code="report_failed")
    for number in (1, 2, 3):
        factories.make_attempt(
            job=failed,
            number=number,
            ended_at=now,
            failure_code="report_failed",
            error_type="InternalError",
            error_message=VALUE * 3,
            **attempt,
        )
    return LongNames(
        tenant=tenant,
        owner=owner,
        report=report,
        queued=job(report, "queued", 1, ahead=1240, expected_start_at=now + timedelta(days=1)),
        retrying=job(report, "queued", 3, waiting="retry", attempt_count=1, not_before=now + timedelta(minutes=1)),
        moving=moving,
        completed=completed,
        failed=failed,
    )
