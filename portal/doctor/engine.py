"""The engine's own rows: pumps, slots, and jobs that should have moved. All in the engine's scope, which sees no tenant's content."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import connection
from django.db.models import Count, F, Q
from django.db.models.functions import Now
from django.db.models.query import QuerySet

from portal.doctor.finding import Findings, fail, ok, warn
from reports.engine.leasing import STUCK_GRACE_SECONDS
from reports.models import Account, Slot, SnapshotJob
from tenants.scope import engine_scope

Status = SnapshotJob.Status
# A pump beats several times a second while there is work; one is sent for each minute.
PUMP_LATE = timedelta(minutes=2)
# The watchdog looks each minute.
DEADLINE_GRACE = timedelta(minutes=3)
LOOK_LATE = timedelta(minutes=5)
SHOWN = 3
START_WORKER = "manage.py worker has to run on one host at least; restart it and read its log"
DISAGREEMENTS = """
select slot.id, slot.job_id, job.id from reports_slot slot
  full join (select id from reports_snapshotjob where status in ('starting', 'running')) job on job.id = slot.job_id
 where (slot.job_id is null) <> (job.id is null)
"""


def pumps() -> Findings:
    with engine_scope():
        accounts = list(
            Account.objects.annotate(
                moving=Count("jobs", filter=Q(jobs__status__in=SnapshotJob.MOVING)), silent_for=Now() - F("pump__beat_at")
            ).order_by("name")
        )
    for account in accounts:
        if account.refused_since:
            since = f"{account.refused_since:%Y-%m-%d %H:%M}Z"
            what = f"paused, AWS has refused the portal ({account.refused_code}) since {since}; jobs that wait: {account.moving}"
            yield fail(what, "put the credentials, the role, or the account's edition and pricing plan right", of=account.name)
        elif account.unanswered_since:
            since = f"{account.unanswered_since:%Y-%m-%d %H:%M}Z"
            yield warn(f"QuickSight has not answered since {since}; jobs that wait: {account.moving}", "see below", of=account.name)
        elif account.moving and (account.silent_for is None or account.silent_for > PUMP_LATE):
            yield fail(f"nobody works on its jobs; under way or waiting: {account.moving}", START_WORKER, of=account.name)
        else:
            yield ok(f"jobs under way or waiting: {account.moving}", of=account.name)
    if not accounts:
        yield warn("there is no QuickSight account", "manage.py apply FILE, with an [[account]]")


def slots_and_jobs_agree() -> Findings:
    with engine_scope(), connection.cursor() as cursor:
        cursor.execute(DISAGREEMENTS)
        rows = cursor.fetchall()
        held, enabled = Slot.objects.exclude(job=None).count(), Slot.objects.filter(enabled=True).count()
    for slot, held_by, job in rows:
        if slot is None:
            yield fail(f"job {job} runs without a slot, so the account may get one job too many", f"manage.py doctor --job {job}")
        else:
            free = f"as portal_owner: update reports_slot set job_id = null where id = {slot}"  # nosec B608 # shown, not run
            yield fail(f"slot {slot} is held by job {held_by}, which does not run", free)
    if not rows:
        yield ok(f"they and the jobs agree; {held} of {enabled} are in use")


def resting_slots() -> Findings:
    with engine_scope():
        resting = list(Slot.objects.filter(rests_until__gt=Now()).select_related("account").order_by("rests_until"))
    for slot in resting:
        yield warn(
            f"rests until {slot.rests_until:%H:%M}Z, because QuickSight may still render a job that was given up on",
            "nothing; it comes back by itself",
            of=f"{slot.account.name}/{slot.number}",
        )
    if not resting:
        yield ok("none")


def past_deadline() -> Findings:
    under_way = DEADLINE_GRACE + timedelta(seconds=STUCK_GRACE_SECONDS)
    late = Q(status=Status.QUEUED, deadline_at__lt=Now() - DEADLINE_GRACE) | Q(deadline_at__lt=Now() - under_way)
    yield from _none_but(late, "jobs past their deadline that did not end")


def left_alone() -> Findings:
    """Started jobs that were due for a call a while ago, and that nobody holds."""
    late = Q(next_look_at__lt=Now() - LOOK_LATE) & (Q(lease_until=None) | Q(lease_until__lt=Now()))
    # While QuickSight is silent they wait longer than that, and the pump's line says so.
    yield from _none_but(late & Q(account__unanswered_since=None, account__refused_since=None), "jobs due for a call that nobody takes up")


def _none_but(late: Q, what: str) -> Findings:
    with engine_scope():
        found = SnapshotJob.objects.moving().filter(late)
        count, first = found.count(), _first(found)
    if count:
        yield fail(f"{what}: {count}, such as {first}", f"{START_WORKER}; manage.py doctor --job ID tells about one")
    else:
        yield ok("none is late")


def _first(jobs: QuerySet[SnapshotJob]) -> str:
    ids: Iterable[object] = jobs.order_by("deadline_at").values_list("pk", flat=True)[:SHOWN]
    return ", ".join(map(str, ids))
