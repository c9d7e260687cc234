"""Azure Bay Resorts, whose schedule holds what looks unusual: four sets of rows are ready, and one of them is not as it should be."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from reports.models import Occurrence, Report, Review, Schedule, SnapshotFile, SnapshotJob
from tenants.models import User
from tenants.scope import tenant_scope
from tests.factories import (
    make_audience,
    make_delivery,
    make_file,
    make_grant,
    make_job,
    make_member,
    make_occurrence,
    make_recipient,
    make_schedule,
    make_tenant,
)

KB = 1024
# People, size in KB and pages of this time, and the sizes of the last ones.
SETS = {
    "Funchal Marina": (9, 1126, 6, [1080, 1102, 1060, 1140, 1130, 1115, 1090, 1188, 1150, 1099]),
    "Lisboa Rossio": (12, 1331, 6, [1290, 1310, 1333, 1270, 1405, 1350, 1322, 1299, 1380, 1344]),
    "Faro Beach": (8, 84, 2, [870, 920, 830, 900, 990, 860, 935, 815, 905, 890]),
    "Porto Ribeira": (7, 819, 5, [760, 790, 801, 720, 880, 845, 811, 799, 830, 822]),
}
UNUSUAL = "Faro Beach"


def make_held_run(report: Report, now: datetime) -> tuple[dict[str, str], dict[str, User]]:
    """What stands in the pages' addresses, and who looks at them."""
    tenant = make_tenant(slug="resorts", name="Azure Bay Resorts", code="RESORTSA", timezone="Europe/Lisbon", brand_color="#0b5e6b")
    sofia = make_member(tenant=tenant, role="admin", email="sofia.lima@azurebay.example", name="Sofia Lima")
    tiago = make_member(tenant=tenant, role="viewer", email="tiago.reis@azurebay.example", name="Tiago Reis")
    make_grant(tenant=tenant, report=report)
    rules = {"release": "if_usual", "must_contain": "Azure Bay", "hold_hours": 4}
    schedule = make_schedule(
        tenant=tenant, report=report, id=_id("weekend"), owner=sofia, slug="weekend", name="Property overview, weekend", **rules
    )
    run = make_occurrence(
        schedule=schedule, planned_at=now - timedelta(minutes=70), status="held", id=_id("run"), expanded_at=now - timedelta(minutes=70)
    )
    jobs = {name: _set(schedule, run, report, name, now) for name in SETS}
    parts = {"held_schedule": str(schedule.pk), "held_run": str(run.pk), "held_job": str(jobs[UNUSUAL].pk)}
    return parts, {"sofia": sofia, "tiago": tiago}


def _set(schedule: Schedule, run: Occurrence, report: Report, name: str, now: datetime) -> SnapshotJob:
    people, size, pages, last = SETS[name]
    town, tags = name.split()[0].lower(), {"property": name}
    audience = make_audience(schedule=schedule, name=name, session_tags=tags)
    asked = {"occurrence": run, "trigger": "schedule", "narrowing_tags": tags, "id": _id(name), "attempt_count": 1}
    job = make_job(tenant=schedule.tenant, report=report, status="completed", now=now - timedelta(minutes=68), **asked)
    file = make_file(
        job=job, size_bytes=size * KB, pages=pages, held=True, id=_id(f"file {name}"), name=f"property-overview_{town}_2026-11-22.pdf"
    )
    for number in range(people):
        person = make_recipient(tenant=schedule.tenant, email=f"{town}{number}@azurebay.example", id=_id(f"{town}{number}"))
        told = {"audience": audience, "audience_name": name, "recipient": person, "id": _id(f"to {town}{number}")}
        make_delivery(job=job, address=person.email, **told)
    _review(job, file, last, now)
    return job


def _review(job: SnapshotJob, file: SnapshotFile, last: list[int], now: datetime) -> None:
    sizes = [size * KB for size in last]
    low, high = min(sizes), max(sizes)
    findings = []
    if file.size_bytes < low / 2:
        findings = [
            {
                "code": "smaller",
                "what": "size",
                "is": file.size_bytes,
                "low": low,
                "high": high,
                "number": len(sizes),
                "file": str(file.pk),
            },
            {"code": "not_shown", "text": "Azure Bay", "file": str(file.pk)},
        ]
    figures = {"size": file.size_bytes, "pages": file.pages, "rows": None, "usual": {"size": [low, high]}, "last": sizes}
    held_at = now - timedelta(minutes=66)
    until = held_at + timedelta(hours=4)
    with tenant_scope(job.tenant_id):
        Review.objects.create(
            id=_id(f"review {job.pk}"),
            tenant_id=job.tenant_id,
            job=job,
            status="held",
            findings=findings,
            figures={str(file.pk): figures},
            next_try_at=until,
            created_at=held_at,
            held_at=held_at,
            held_until=until,
        )


def _id(name: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"https://fanfold.example/gate/{name}")
