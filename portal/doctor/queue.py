"""What web and worker meet in: cache, queue, and the worker's signs of life."""

from __future__ import annotations

import uuid
from datetime import timedelta
from itertools import groupby
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from redis.exceptions import RedisError

from portal.doctor.finding import Finding, Findings, fail, ok, warn
from portal.health import HEARTBEAT_LATE
from reports import tasks
from reports.engine import recount
from reports.models import Heartbeat, Process, TenantQueue
from tenants.scope import engine_scope

# More wake-ups than the engine sends in many minutes.
MANY, SHOWN = 50, 3
# A supervisor looks every two seconds.
SEEN_LATE = timedelta(seconds=15)
LOOK = "nothing, if that host was taken away: the others do its work, and these rows go within a day; else look at it"
START_WORKER = "start manage.py worker on one host at least, and read its log"
SEE_REDIS = "start Redis, and compare CACHE_URL and PORTAL_BROKER with its address"


def cache_answers() -> Findings:
    key, value = f"doctor:{uuid.uuid4()}", "kept"
    where = "Redis" if settings.CACHE_URL else "the database"
    try:
        cache.set(key, value, timeout=60)
        kept = cache.get(key) == value
        cache.delete(key)
    except RedisError as error:
        yield fail(f"Redis does not answer ({type(error).__name__}): sign-in and sending for the engine fail", SEE_REDIS)
        return
    if kept:
        yield ok(f"keeps what it is given, in {where}")
    else:
        yield fail(
            f"forgets at once what it is given, in {where}: nothing limits sign-ins",
            "one cache for all processes, with enough memory",
        )


def heartbeats() -> Findings:
    """By the database's clock on both sides."""
    ages = dict(Heartbeat.objects.values_list("cluster", Now() - F("beat_at")))
    for cluster in tasks.CLUSTERS:
        age = ages.get(cluster)
        if age is None:
            yield fail("was never seen", START_WORKER, of=cluster)
        elif age > HEARTBEAT_LATE:
            yield fail(f"not seen for {age.total_seconds():.0f} s", START_WORKER, of=cluster)
        else:
            yield ok(f"seen {age.total_seconds():.0f} s ago", of=cluster)


def processes() -> Findings:
    """A line for each worker: how many processes live, what they do, and which died and were not missed."""
    rows = Process.objects.order_by("host", "worker", "pid").annotate(age=Now() - F("seen_at"))
    for (host, worker), found in groupby(rows, key=lambda row: (row.host, row.worker)):
        yield _worker(f"{host} {worker[:8]}".strip(), list(found))


def _worker(of: str, rows: list[Any]) -> Finding:
    dead = [row.age for row in rows if row.age > SEEN_LATE]
    release = f", release {rows[0].release}" if rows[0].release else ""
    if dead:
        return warn(f"{len(dead)} of {len(rows)} processes not seen for {max(dead).total_seconds():.0f} s{release}", LOOK, of=of)
    doing = ", ".join(sorted(row.doing for row in rows if row.doing)) or "nothing"
    return ok(f"{len(rows)} processes{release}, doing {doing}", of=of)


def recurring() -> Findings:
    faults = tasks.recurring_faults(timezone.now())
    for name, fault in faults.items():
        yield fail(fault, "restart manage.py worker, which writes these rows at its start", of=name)
    if not faults:
        yield ok(f"all planned: {', '.join(tasks.RECURRING)}")


def counts() -> Findings:
    """A job that waits and one that holds a slot are counted on its tenant's queue, in the transaction that moves them."""
    with engine_scope():
        wrong, queues = recount.wrong(), TenantQueue.objects.count()
    for account_id, lane, tenant_id in wrong[:SHOWN]:
        yield fail(
            f"counts other jobs than there are, in account {account_id}, lane {lane}; such queues: {len(wrong)}",
            "nothing; they are counted anew each day. If it comes again, find out who changes jobs by hand",
            of=str(tenant_id),
        )
    if not wrong:
        yield ok(f"counted right; queues: {queues}")


def backlog() -> Findings:
    for cluster in tasks.CLUSTERS:
        try:
            waiting, is_stalled = tasks.waiting(cluster), tasks.stalled(cluster)
        except RedisError as error:
            yield fail(f"Redis does not answer ({type(error).__name__}): nobody is woken", SEE_REDIS, of=cluster)
            continue
        messages = f"messages that wait: {waiting}"
        if is_stalled:
            yield fail(f"{messages}, and nobody takes them", START_WORKER, of=cluster)
        elif waiting > MANY:
            yield warn(f"{messages}, which is more than the engine sends", START_WORKER, of=cluster)
        else:
            yield ok(messages, of=cluster)
