"""The schedules of Azure Bay Hotels: one busy with forty people in five audiences, and one in each other state."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta
from typing import Any

from reports.models import Account, Occurrence, Recipient, Report, Schedule
from tenants.models import Tenant, User
from tenants.scope import tenant_scope
from tests.factories import (
    make_audience,
    make_delivery,
    make_file,
    make_group,
    make_job,
    make_link,
    make_occurrence,
    make_recipient,
    make_report,
    make_schedule,
)

PROPERTIES = {"Faro Beach": 8, "Funchal Marina": 9, "Lisboa Rossio": 12, "Porto Ribeira": 7}
HEAD_OFFICE = 4
# Of the latest run: two are tried again, one came back.
TROUBLE = [
    ("rossio.desk", "pending", {"tries": 2, "failure_code": "mailbox_full", "answer": "452 4.2.2 Mailbox full"}),
    ("rossio.spa", "pending", {"tries": 3, "failure_code": "asked_to_wait", "answer": "421 4.3.2 Please wait"}),
    ("faro.gm", "bounced", {"tries": 1, "failure_code": "no_such_address", "answer": "550 5.1.1 No such mailbox"}),
]
# Of the days before, newest first: how they ended, and after how many minutes.
HISTORY: list[tuple[str, float, dict[str, Any]]] = [
    ("delivered", 2, {}),
    ("delivered", 28, {}),
    ("missed", 0, {"reason": "portal_was_down", "detail": {"policy": "skip"}}),
    ("delivered", 1.8, {}),
    ("partly_delivered", 2, {"reason": "deliveries_failed"}),
    ("skipped", 0, {"reason": "paused", "detail": {"by": "Marta Oliveira", "since": "2026-11-12T18:02:00+00:00"}}),
    *[("delivered", 1.9, {})] * 12,
]
PARAMETERS: list[dict[str, Any]] = [
    {"name": "Period", "type": "datetime", "default": "2026-11-22"},
    {"name": "Lines", "type": "string", "multiple": True, "choices": ["Reservations", "Groups", "Loyalty"], "default": ["Reservations"]},
]
RULES = [
    {
        "dataset": "calls",
        "enabled": True,
        "rules": [{"key": key, "delimiter": "", "match_all": ""} for key in ("tenant_id", "property", "brand")],
        "groups": [["tenant_id"], ["tenant_id", "property"], ["tenant_id", "brand"]],
    }
]


def make_schedules(tenant: Tenant, account: Account, marta: User, now: datetime, others: dict[str, Report]) -> dict[str, str]:
    """Returns what stands in the pages' addresses."""
    report = make_report(
        slug="overview", name="Property overview", account=account, formats=["PDF", "EXCEL"], parameters=PARAMETERS, row_rules=RULES
    )
    pack = _pack(tenant, report, marta, now)
    latest = _latest(pack, report, now)
    _history(pack, latest.planned_at)
    fault = "The expression “61 7 * * *” is not a cron expression (bad minute). Example: 30 7 * * 1-5."
    more = {
        "schedule_faulty": ("agents", "Agent performance", {"cron": "45 5 * * 1-5", "enabled": False, "fault": fault}),
        "schedule_new": ("sla", "SLA compliance", {"cron": "0 */4 * * *", "formats": ["CSV"]}),
        "schedule_close": (
            "billing",
            "Month close, night audit",
            {"cron": "30 1 28 * *", "formats": ["EXCEL"], "starts_on": date(2026, 11, 28)},
        ),
        "schedule_paused": ("voice", "Voice of the guest", {"enabled": False, "paused_at": now, "paused_by": "Marta Oliveira"}),
        "schedule_over": ("campaign", "Summer campaign", {"next_run_at": None, "ends_on": date(2026, 9, 30)}),
    }
    made = {name: _other(tenant, others[report], title, marta, fields) for name, (report, title, fields) in more.items()}
    audience = _audience_of(pack, "Porto Ribeira")
    return {"schedule": str(pack.pk), "occurrence": str(latest.pk), "audience": audience} | {n: str(s.pk) for n, s in made.items()}


def _pack(tenant: Tenant, report: Report, marta: User, now: datetime) -> Schedule:
    fields = {
        "id": _id("pack"),
        "name": "Property morning pack",
        "formats": ["PDF", "EXCEL"],
        "parameters": {"Period": {"relative": "yesterday"}, "Lines": ["Reservations", "Groups"]},
        "missed": "skip",
        "owner": marta,
        "link_days": 7,
        "next_run_at": now.replace(hour=7, minute=30, second=0, microsecond=0) + timedelta(days=1),
    }
    pack = make_schedule(tenant=tenant, report=report, slug="morning-pack", **fields)
    office = [_person(tenant, f"office{n}") for n in range(1, HEAD_OFFICE)] + [_person(tenant, "ops")]
    make_audience(schedule=pack, groups=[make_group(tenant=tenant, name="Head office", recipients=office)])
    for name, number in PROPERTIES.items():
        town = name.split()[0].lower()
        known = {"lisboa": ["rossio.desk", "rossio.spa"], "faro": ["faro.gm"], "funchal": ["gm.funchal"], "porto": ["gm.porto"]}[town]
        people = [_person(tenant, mailbox) for mailbox in known] + [
            _person(tenant, f"{town}{n}") for n in range(1, number - len(known) + 1)
        ]
        ways = {"groups": [make_group(tenant=tenant, name=f"Group {name}", recipients=people)]}
        if name == "Porto Ribeira":
            ways["recipients"] = [office[-1]]
        make_audience(schedule=pack, name=name, session_tags={"property": name.lower().replace(" ", "-")}, **ways)
    return pack


def _latest(pack: Schedule, report: Report, now: datetime) -> Occurrence:
    """Most have it; it was expanded half a minute ago as far as the page cares, and is not over."""
    planned = now.replace(second=0, microsecond=0) - timedelta(minutes=20)
    facts = {"id": _id("latest"), "expanded_at": planned + timedelta(seconds=2), "created_at": planned}
    latest = make_occurrence(schedule=pack, planned_at=planned, status="running", **facts)
    trouble = {mailbox: (status, fields) for mailbox, status, fields in TROUBLE}
    with tenant_scope(pack.tenant_id):
        audiences = [(audience, list(Recipient.objects.filter(groups__audiences=audience))) for audience in pack.audiences.order_by("name")]
    for audience, people in audiences:
        began, done = planned + timedelta(seconds=2), planned + timedelta(seconds=90)
        asked = {"occurrence": latest, "trigger": "schedule", "formats": ["PDF", "EXCEL"], "narrowing_tags": audience.session_tags}
        job = make_job(
            tenant=pack.tenant,
            report=report,
            status="completed",
            now=began,
            finished_at=done,
            attempt_count=1,
            id=_id(f"set {audience}"),
            **asked,
        )
        for format, size in (("PDF", 780_000), ("EXCEL", 320_000)):
            make_file(job=job, format=format, size_bytes=size)
        for number, person in enumerate(people):
            status, fields = trouble.get(person.email.partition("@")[0], ("sent", {"sent_at": done + timedelta(seconds=20), "tries": 1}))
            if status == "pending":
                fields = fields | {"next_try_at": now + timedelta(minutes=12)}
            told = {"audience": audience, "audience_name": audience.name, "recipient": person, "id": _id(f"to {audience} {person}")}
            delivery = make_delivery(job=job, address=person.email, status=status, **told, **fields)
            if status == "sent":
                make_link(
                    job=job, delivery=delivery, recipient=person, email=person.email, uses=number % 2, id=_id(f"link {audience} {person}")
                )
    return latest


def _history(pack: Schedule, latest: datetime) -> None:
    for days, (status, minutes, fields) in enumerate(HISTORY, 1):
        planned = latest - timedelta(days=days)
        make_occurrence(
            schedule=pack, planned_at=planned, status=status, ended_at=planned + timedelta(minutes=minutes), id=_id(f"run {days}"), **fields
        )


def _other(tenant: Tenant, report: Report, title: str, marta: User, fields: dict[str, Any]) -> Schedule:
    fields = {"id": _id(title), "owner": marta, "ready_by": time(9)} | fields
    schedule = make_schedule(tenant=tenant, report=report, slug=title.lower().replace(" ", "-").replace(",", ""), name=title, **fields)
    make_audience(schedule=schedule, recipients=[_person(tenant, "cfo")])
    return schedule


def _person(tenant: Tenant, mailbox: str) -> Recipient:
    email = f"{mailbox}@azurebay.example"
    with tenant_scope(tenant):
        known = Recipient.objects.filter(email=email).first()
    return known or make_recipient(tenant=tenant, email=email, id=_id(email))


def _audience_of(schedule: Schedule, name: str) -> str:
    with tenant_scope(schedule.tenant_id):
        return str(schedule.audiences.get(name=name).pk)


def _id(name: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"https://fanfold.example/schedules/{name}")
