"""Work that goes on while processes of its workers are killed, by SIGKILL and at random. Run by `make bench`; FULL=1: 90 kills.

Each killed worker is started again, as an init system would. With Redis as the broker it is emptied in the middle. What came of it is
counted at the pretend AWS and in the tables; each count but that of the jobs has to be 0, and the benchmark fails where it is not.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from reports.models import Account, Delivery, Occurrence, Schedule, SnapshotFile, SnapshotJob
from tenants.scope import engine_scope, platform_scope, tenant_scope
from tests import factories
from tests.bench.figures import FULL, show
from tests.hosts import Host, running_hosts
from tests.redis_server import RedisServer, needs_redis
from tests.reports.delivery import steps as mail
from tests.reports.engine import steps
from tests.reports.engine.conftest import account, aws, daily_calls, server
from tests.reports.engine.worker import environment_of, wait_for

__all__ = ["account", "aws", "daily_calls", "server"]
pytestmark = pytest.mark.django_db(transaction=True)
KILLS, HOSTS = (90, 4) if FULL else (15, 2)
BETWEEN_SECONDS = (2.0, 5.0)
RESTART_SECONDS = 1.0
SLOTS, REQUESTS_PER_SECOND, JOB_SECONDS = 12, 10, 4.0
# Each schedule is run once: two sets of rows, and three people of whom one gets both.
JOBS_OF_ONE, DELIVERIES_OF_ONE = 2, 4
WAITING = 10
START_SECONDS, END_SECONDS = 60, 240


@pytest.mark.parametrize("broker", ["orm", pytest.param("redis", marks=needs_redis)])
def test_kills(broker, aws, account, acme, daily_calls, database_env, tmp_path: Path):
    chance = random.Random(f"kills {broker}")
    aws.control.set(slots=SLOTS, requests_per_second=REQUESTS_PER_SECOND, job_seconds=JOB_SECONDS)
    with platform_scope():
        Account.objects.filter(pk=account.pk).update(requests_per_second=REQUESTS_PER_SECOND)
    environment = environment_of(database_env, aws.environment) | {
        "EMAIL_URL": f"file://{tmp_path}/mails?from=reports@mail.example&rate=50"
    }
    schedules: list[Schedule] = []
    killed: dict[str, int] = {}

    with broker_of(broker, tmp_path) as redis, running_hosts(tmp_path, environment | (redis.environment if redis else {}), HOSTS) as hosts:
        for number in range(KILLS):
            end = time.monotonic() + chance.uniform(*BETWEEN_SECONDS)
            while time.monotonic() < end:
                feed(acme, daily_calls, schedules)
                restart(hosts)
                time.sleep(0.2)
            if redis and number == KILLS // 2:
                redis.wipe()
            what = kill(chance.choice(working(hosts)), chance)
            killed[what] = killed.get(what, 0) + 1
        restart(hosts)
        wait_for(lambda: ended_jobs(acme) >= len(schedules) * JOBS_OF_ONE, END_SECONDS, "all jobs ended")
        # What a killed courier had in hand is taken up again after five minutes.
        mail.let_pass(acme, minutes=6)
        wait_for(lambda: ended_deliveries(acme) >= len(schedules) * DELIVERIES_OF_ONE, END_SECONDS, "all deliveries ended")

    counts = counted(aws, account, acme, schedules)
    ways = ", ".join(f"{number} {what}" for what, number in sorted(killed.items()))
    print(f"\n{broker}: {ways}; {len(schedules) * JOBS_OF_ONE} jobs")
    for what, number in counts.items():
        show(f"{broker}, {HOSTS} workers, {KILLS} kills: {what}", [number], 0, unit="")
    connection.close()
    assert sum(killed.values()) == KILLS
    assert counts == dict.fromkeys(counts, 0)


@contextmanager
def broker_of(name: str, folder: Path) -> Iterator[RedisServer | None]:
    if name == "orm":
        yield None
        return
    redis = RedisServer(folder)
    try:
        yield redis
    finally:
        redis.client.close()
        redis.stop()


def feed(tenant, report, schedules: list[Schedule]) -> None:
    """So that there is always something to do and never an endless line."""
    with engine_scope():
        waiting = SnapshotJob.objects.filter(status="queued").count()
        planned = Schedule.objects.filter(next_run_at__lte=timezone.now()).count()
    if waiting + planned * JOBS_OF_ONE < WAITING:
        due = timezone.now().replace(second=0, microsecond=0)
        schedule = factories.make_schedule(
            tenant=tenant, report=report, cron="0 0 1 1 *", next_run_at=due, formats=["CSV"], visual_ids=["table-1"]
        )
        people = [factories.make_recipient(tenant=tenant) for _ in range(3)]
        factories.make_audience(schedule=schedule, recipients=people)
        factories.make_audience(schedule=schedule, name="North", session_tags={"desk": "north"}, recipients=people[:1])
        schedules.append(schedule)


def kill(host: Host, chance: random.Random) -> str:
    """One process, a whole cluster, or a whole host; what it was."""
    what = chance.choice(("process", "process", "process", "main process", "cluster", "supervisor", "host"))
    if what == "host":
        host.kill()
        return what
    if what == "supervisor":
        host.supervisor.kill()
        host.supervisor.wait()
        return what
    victim = chance.choice(members(host) if what == "process" else leaders(host))
    with suppress(ProcessLookupError):
        if what == "cluster":
            os.killpg(victim, signal.SIGKILL)
        else:
            os.kill(victim, signal.SIGKILL)
    return what


def working(hosts: list[Host]) -> list[Host]:
    """Those that are up: to kill what only starts tells little."""
    wait_for(lambda: any(members(host) for host in hosts), START_SECONDS, "a worker is up")
    return [host for host in hosts if members(host)]


def leaders(host: Host) -> list[int]:
    return [pid for pid, group in host.processes().items() if pid == group]


def members(host: Host) -> list[int]:
    return [pid for pid, group in host.processes().items() if pid != group]


def restart(hosts: list[Host]) -> None:
    for host in hosts:
        if host.supervisor.poll() is not None:
            time.sleep(RESTART_SECONDS)
            host.start()


def ended_jobs(tenant) -> int:
    with tenant_scope(tenant):
        return SnapshotJob.objects.filter(status__in=SnapshotJob.ENDED).count()


def ended_deliveries(tenant) -> int:
    with tenant_scope(tenant):
        return Delivery.objects.exclude(ended_at=None).count()


def counted(aws, account, tenant, schedules: list[Schedule]) -> dict[str, int]:
    """What must be 0, by name."""
    stats, wanted = aws.control.stats(), len(schedules)
    with tenant_scope(tenant):
        jobs = list(SnapshotJob.objects.all())
        occurrences, deliveries, files = Occurrence.objects.count(), Delivery.objects.count(), SnapshotFile.objects.count()
        undelivered = Delivery.objects.exclude(status="sent").count()
    ours = {str(attempt.pk) for job in jobs for attempt in steps.attempts_of(job)}
    completed = sum(job.status == "completed" for job in jobs)
    return {
        "above slots": max(0, stats["peak_unfinished"] - SLOTS),
        "refused": stats["refused_by_limit"],
        "throttled": stats["throttled"],
        "lost jobs": wanted * JOBS_OF_ONE - completed,
        "lost deliveries": undelivered,
        "started twice": sum(stats["accepted"].values()) - len(jobs),
        "not ours": len(stats["accepted"].keys() - ours),
        "leaked slots": steps.held_slots(account),
        "runs doubled": occurrences - wanted,
        "jobs doubled": len(jobs) - wanted * JOBS_OF_ONE,
        "files doubled": files - completed,
        "deliveries doubled": deliveries - wanted * DELIVERIES_OF_ONE,
    }
