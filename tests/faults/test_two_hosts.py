"""Two hosts with a worker each, one database, one broker. Either goes on alone within seconds, also where the other is only frozen."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports import standing, tasks
from reports.engine.process import STAND
from reports.models import Process, Pump
from tests.faults.outcome import assert_delivered, assert_exactly_once, use_slots
from tests.hosts import Host, running_hosts
from tests.redis_server import needs_redis, redis_server
from tests.reports.engine import steps
from tests.reports.engine.worker import environment_of, wait_for

__all__ = ["redis_server"]
pytestmark = pytest.mark.django_db(transaction=True)
SLOTS, JOBS = 3, 6


@pytest.fixture
def environment(request, aws, database_env) -> dict[str, str]:
    broker = request.getfixturevalue("redis_server").environment if request.param == "redis" else {}
    return environment_of(database_env, aws.environment) | broker


def pump_of(account) -> str:
    """Who pumps: worker, cluster, process."""
    return Pump.objects.get(account=account).process


def the_one_that_pumps(hosts: list[Host], account) -> tuple[Host, Host]:
    """And the other one."""
    pid = int(pump_of(account).rpartition(":")[2])
    return (hosts[0], hosts[1]) if pid in hosts[0].processes() else (hosts[1], hosts[0])


def all_stand_by(host: Host) -> bool:
    doing = Process.objects.working_within(standing.BEAT_LATE).values_list("doing", "pid")
    found = {name for name, pid in doing if pid in host.processes(tasks.WORK)}
    return found >= {f"{STAND}{name}" for name in tasks.STANDS}


def all_ended_after_a_push(aws, jobs) -> bool:
    """Those that were accepted while jobs stuck end when told to; one whose start was on its way may be accepted later than the others."""
    for job in jobs:
        if steps.status_of(job) == "running":
            aws.control.finish(str(steps.attempts_of(job)[-1].pk))
    return all(steps.now_of(job).has_ended for job in jobs)


# What a frozen host holds is in the database, whatever carries the messages.
@pytest.mark.parametrize(
    ("environment", "way"), [("orm", "kill"), ("orm", "freeze"), pytest.param("redis", "kill", marks=needs_redis)], indirect=["environment"]
)
def test_the_other_host_takes_over_pumps_and_stands(way, aws, account, acme, daily_calls, environment, tmp_path: Path):
    use_slots(account, aws, SLOTS)
    aws.control.stuck_jobs()
    submitted = [steps.submit(acme) for _ in range(JOBS)]

    with running_hosts(tmp_path, environment, 2) as hosts:
        wait_for(lambda: [steps.status_of(job) for job in submitted].count("running") == SLOTS, 40, "slots are full")
        wait_for(lambda: all(host.processes(tasks.WORK) for host in hosts), 40, "both hosts are up")
        before = pump_of(account)
        pumping, other = the_one_that_pumps(hosts, account)
        getattr(pumping, way)()
        tasks.Schedule.objects.all().delete()
        wait_for(lambda: pump_of(account) != before, 60, "the other host pumps")
        aws.control.clear_faults()
        wait_for(lambda: all_ended_after_a_push(aws, submitted), 60, "all jobs ended")
        wait_for(lambda: all_stand_by(other), 60, "all stand by there")

    assert_exactly_once(aws, account, submitted, slots=SLOTS)
    assert_delivered(submitted)


@needs_redis
@pytest.mark.parametrize("way", ["wiped", "away"])
def test_a_broker_that_forgets_or_goes_away_loses_nothing_and_needs_nobody(
    way, aws, account, acme, daily_calls, database_env, redis_server, tmp_path: Path
):
    use_slots(account, aws, SLOTS)
    environment = environment_of(database_env, aws.environment) | redis_server.environment
    first = [steps.submit(acme) for _ in range(JOBS)]

    with running_hosts(tmp_path, environment, 1) as (host,):
        wait_for(lambda: any(steps.now_of(job).has_ended for job in first), 40, "work goes on")
        for pid in [int(pump_of(account).rpartition(":")[2])]:
            # Its message goes with it: a worker took it, and this broker keeps no copy.
            host.end(pid)
        if way == "away":
            redis_server.stop()
            wait_for(lambda: "nothing is sent for, and nothing is judged" in host.log, 30, "it is noticed")
        submitted = [*first, *(steps.submit(acme) for _ in range(JOBS))]
        redis_server.start() if way == "away" else redis_server.wipe()
        tasks.Schedule.objects.all().delete()
        wait_for(lambda: all(steps.now_of(job).has_ended for job in submitted), 60, "all jobs ended")
        wait_for(lambda: all_stand_by(host), 60, "all stand by")

    assert_exactly_once(aws, account, submitted, slots=SLOTS)
    assert_delivered(submitted)
