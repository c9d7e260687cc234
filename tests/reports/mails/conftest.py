from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.header import decode_header, make_header
from email.message import Message
from typing import Any

import pytest

from reports import links, notices
from reports.mails.letters import Letter, letter_of, letter_of_notice
from reports.models import Delivery, Notice, Occurrence, Schedule, SnapshotJob
from tenants.models import Tenant
from tenants.scope import platform_scope, tenant_scope
from tests.factories import make_delivery, make_file, make_job, make_occurrence, make_schedule

PLANNED = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
REPORT_OF_THE_DAY = {"From": ["2026-11-22T00:00:00+01:00"], "Region": ["North"]}


@dataclass(frozen=True)
class Read:
    """A letter as its reader's mail program has it."""

    letter: Letter
    mail: Message
    text: str
    html: str

    def header(self, name: str) -> str:
        """As people see it: its lines joined, its words decoded."""
        return str(make_header(decode_header(re.sub(r"\r?\n[ \t]", " ", self.mail[name]))))

    @property
    def both(self) -> tuple[str, str]:
        return self.text, self.html


def read(letter: Letter) -> Read:
    mail = letter.message.message()
    parts = {part.get_content_type(): part.get_payload(decode=True).decode() for part in mail.walk() if not part.is_multipart()}
    return Read(letter, mail, parts["text/plain"], parts["text/html"])


def change(row: Any, **fields: Any) -> None:
    """A row of a tenant, or the tenant itself."""
    with platform_scope() if isinstance(row, Tenant) else tenant_scope(row.tenant_id):
        type(row).objects.filter(pk=row.pk).update(**fields)
    for name, value in fields.items():
        setattr(row, name, value)


@pytest.fixture
def now() -> datetime:
    """Two minutes after the planned time."""
    return PLANNED + timedelta(minutes=2)


@pytest.fixture
def schedule(acme, olga, daily_calls) -> Schedule:
    change(acme, timezone="Europe/Berlin", reply_to="reports@acme.example")
    schedule = make_schedule(
        tenant=acme, report=daily_calls, slug="weekdays", name="Calls of yesterday", owner=olga, next_run_at=PLANNED + timedelta(days=1)
    )
    schedule.tenant = acme
    return schedule


@pytest.fixture
def occurrence(schedule) -> Occurrence:
    return make_occurrence(schedule=schedule, planned_at=PLANNED, status="running")


@pytest.fixture
def delivery(acme, daily_calls, occurrence, now) -> Delivery:
    """Of one PDF, to somebody who is not signed in anywhere."""
    return delivery_of(occurrence, now)


def delivery_of(occurrence: Occurrence, now: datetime, sizes: tuple[int, ...] = (1_887_437,), **fields: Any) -> Delivery:
    job = a_job(occurrence, now, status="completed")
    for format, size in zip(("PDF", "EXCEL"), sizes, strict=False):
        make_file(job=job, format=format, size_bytes=size, created_at=now)
    delivery = make_delivery(job=job, **{"address": "rosa@customer.example", "name": "Rosa Santos"} | fields)
    delivery.tenant = occurrence.tenant
    return delivery


def a_job(occurrence: Occurrence, now: datetime, **fields: Any) -> SnapshotJob:
    schedule = occurrence.schedule
    fields = {"parameters": REPORT_OF_THE_DAY, "occurrence": occurrence, "now": now} | fields
    return make_job(tenant=schedule.tenant, report=schedule.report, **fields)


@pytest.fixture
def written(now) -> Callable[[Delivery], Read]:
    """The delivery's letter, with its link made as the courier does."""

    def write(delivery: Delivery) -> Read:
        with tenant_scope(delivery.tenant):
            found = Delivery.objects.select_related("tenant", "job__report", "occurrence__schedule__report", "occurrence__schedule__tenant")
            row = found.get(pk=delivery.pk)
            return read(letter_of(row, links.for_delivery(row, now=now).url, now))

    return write


@pytest.fixture
def noticed(now) -> Callable[..., Read | None]:
    """The letter of a notice that is asked for here."""

    def write(tenant: Tenant, kind: Notice.Kind, **about: Any) -> Read | None:
        with tenant_scope(tenant):
            notice, _ = notices.ask_for(tenant, kind, "test", about.pop("address", "olga@acme.example"), now=now, **about)
            letter = letter_of_notice(notice, now)
            return read(letter) if letter else None

    return write
