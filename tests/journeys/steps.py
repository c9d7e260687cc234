"""What happens between a planned instant and a download, and what can be read about it afterwards."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from portal.local.visitor import download
from reports import tasks
from reports.models import Account, Delivery, Download, Occurrence, Schedule, SnapshotJob
from tenants.models import Tenant
from tenants.scope import tenant_scope
from tests import factories
from tests.reports.engine import steps
from tests.smtp import Mail

SENDER = "reports@anycompany.example"
KIM, LEE, NORA, MAX = (f"{name}@acme.example" for name in ("kim", "lee", "nora", "max"))
NORTH = {"desk": "north"}


def each_minute(tenant: Tenant, report, **fields) -> Schedule:
    """Due now. As CSV; Kim, Lee and Max get the tenant's rows, Kim by two audiences; Nora gets the north desk's alone."""
    schedule = factories.make_schedule(tenant=tenant, report=report, formats=["CSV"], visual_ids=["table-1"], cron="* * * * *", **fields)
    kim, lee, nora, max_ = (factories.make_recipient(tenant=tenant, email=address) for address in (KIM, LEE, NORA, MAX))
    factories.make_audience(schedule=schedule, recipients=[kim, lee])
    factories.make_audience(schedule=schedule, name="Management", recipients=[max_, kim])
    factories.make_audience(schedule=schedule, name="North desk", session_tags=NORTH, recipients=[nora])
    fall_due(schedule, minutes_ago=2)
    return schedule


def fall_due(schedule: Schedule, *, minutes_ago: int = 1) -> None:
    """Its planned instant is so many full minutes ago, and there is no other one for almost an hour."""
    with tenant_scope(schedule.tenant):
        minute = timezone.now().replace(second=0, microsecond=0) - timedelta(minutes=minutes_ago)
        Schedule.objects.filter(pk=schedule.pk).update(next_run_at=minute, cron=f"{minute.minute} * * * *", timezone="UTC")


def work_until(account: Account, done: Callable[[], object], *, crews: int = 1, seconds: float = 60) -> None:
    """Turns of the pump and of all that stands by, in this process, until `done`. `crews` of them side by side, as on so many hosts."""
    end = time.monotonic() + seconds
    with ExitStack() as stack:
        turns: list[Callable[[], object]] = [stack.enter_context(steps.pumping(account)) for _ in range(crews)]
        turns += [make() for _ in range(crews) for _number, make in tasks.STANDS.values()]
        while not done():
            assert time.monotonic() < end, "It is not done in time."
            for turn in turns:
                turn()


def try_again_now(schedule: Schedule) -> None:
    """As if the wait before the next try were over."""
    with tenant_scope(schedule.tenant):
        Delivery.objects.filter(occurrence__schedule=schedule, tries__gt=0, status="pending").update(next_try_at=timezone.now())


def occurrences(schedule: Schedule) -> list[Occurrence]:
    with tenant_scope(schedule.tenant):
        return list(Occurrence.objects.filter(schedule=schedule).order_by("planned_at"))


def ended(schedule: Schedule, count: int = 1) -> bool:
    return sum(occurrence.has_ended for occurrence in occurrences(schedule)) >= count


def jobs(schedule: Schedule) -> list[SnapshotJob]:
    with tenant_scope(schedule.tenant):
        return list(SnapshotJob.objects.filter(occurrence__schedule=schedule).order_by("created_at"))


def told(schedule: Schedule, field: str) -> dict[str, list[Any]]:
    """What this field of the deliveries says, by address and oldest first: the ledger."""
    with tenant_scope(schedule.tenant):
        ledger: dict[str, list[Any]] = {}
        rows = Delivery.objects.filter(occurrence__schedule=schedule).order_by("created_at", "job__created_at")
        for address, value in rows.values_list("address", field):
            ledger.setdefault(address, []).append(value)
    return ledger


def downloads(schedule: Schedule) -> list[str]:
    """The addresses whose links were used, one for each file granted."""
    with tenant_scope(schedule.tenant):
        return list(Download.objects.filter(link__delivery__occurrence__schedule=schedule).values_list("link__email", flat=True))


def link_in(mail: Mail) -> str:
    """The mail's one page of files; its HTML leads there too."""
    (link,) = set(re.findall(r"http://127\.0\.0\.1:\d+/d/[\w-]+/[\w-]+", mail.text()))
    assert link in mail.text("html")
    return link


def rows_behind(mail: Mail, folder: Path) -> list[dict[str, str]]:
    """Of the CSV that the mail's link gives to whoever presses its button."""
    folder.mkdir(parents=True, exist_ok=True)
    (path,) = download(link_in(mail), folder)
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
