"""`manage.py worker` keeps its clusters honest: a dead one takes its whole group along, and nothing outlives the worker."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from portal.supervisor import STOP_SECONDS, end_leftovers
from reports import tasks
from reports.models import Heartbeat, Process, Pump, Slot
from reports.standing import LOCK_CLASS, dead
from tenants.scope import engine_scope
from tests import factories
from tests.hosts import processes
from tests.reports.engine import steps
from tests.reports.engine.conftest import account, aws, daily_calls, server
from tests.reports.engine.worker import environment_of, running_worker, wait_for

__all__ = ["account", "aws", "daily_calls", "server"]
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found by /proc"),
]


@pytest.fixture
def environment(aws, database_env) -> dict[str, str]:
    return environment_of(database_env, aws.environment)


def leaders(state: Path, cluster: str) -> list[int]:
    return [pid for pid, group in processes(state, cluster).items() if pid == group]


def notes(state: Path) -> list[str]:
    return [path.name for path in (state / "workers").iterdir()]


def test_a_killed_clusters_group_is_ended_and_its_work_goes_on(aws, account, acme, daily_calls, environment, tmp_path):
    aws.control.stuck_jobs()
    stuck = steps.submit(acme)

    with running_worker(environment, tmp_path):
        wait_for(lambda: steps.status_of(stuck) == "running", 20, "the job runs")
        (old,) = leaders(tmp_path, tasks.ENGINE)
        os.kill(old, signal.SIGKILL)
        wait_for(lambda: [pid for pid in leaders(tmp_path, tasks.ENGINE) if pid != old], 20, "another cluster")
        left = [pid for pid, group in processes(tmp_path).items() if group == old]
        later = steps.submit(acme)
        aws.control.finish(str(steps.attempts_of(stuck)[0].pk))
        wait_for(lambda: [steps.status_of(job) for job in (stuck, later)] == ["completed"] * 2, 30, "both jobs completed")

    assert left == []
    assert sorted(aws.control.stats()["accepted"].values()) == [1, 1]


def test_a_pump_whose_process_died_is_replaced_long_before_the_scheduler_sends_one(aws, account, acme, daily_calls, environment, tmp_path):
    aws.control.stuck_jobs()
    job = steps.submit(acme)

    with running_worker(environment, tmp_path):
        wait_for(lambda: steps.status_of(job) == "running", 20, "the job runs")
        old = Pump.objects.get(account=account).process
        tasks.Schedule.objects.all().delete()
        os.kill(int(old.rpartition(":")[2]), signal.SIGKILL)
        wait_for(lambda: Pump.objects.get(account=account).process != old, 30, "another pump")
        aws.control.finish(str(steps.attempts_of(job)[0].pk))
        wait_for(lambda: steps.status_of(job) == "completed", 30, "the job completed")

    assert list(aws.control.stats()["accepted"].values()) == [1]


def test_a_stop_in_the_middle_of_work_leaves_no_process_and_no_note(aws, account, acme, daily_calls, environment, tmp_path):
    aws.control.stuck_jobs()
    job = steps.submit(acme)

    with running_worker(environment, tmp_path) as worker:
        wait_for(lambda: steps.status_of(job) == "running", 20, "the job runs")
        worker.send_signal(signal.SIGTERM)
        worker.wait(timeout=15)

    assert worker.returncode == 0
    assert processes(tmp_path) == {}
    assert notes(tmp_path) == []
    assert OrmQ.objects.filter(key=tasks.ENGINE).count() == 1
    assert steps.status_of(job) == "running"


def test_a_stop_amid_many_jobs_loses_none_and_doubles_none(aws, account, acme, globex, daily_calls, environment, tmp_path):
    jobs, slots = [steps.submit(tenant) for tenant in (acme, globex) for _ in range(6)], 3
    aws.control.set(slots=slots)
    with engine_scope():
        Slot.objects.filter(account=account, number__gt=slots).update(enabled=False)

    with running_worker(environment, tmp_path) as stopped:
        wait_for(lambda: "completed" in {steps.status_of(job) for job in jobs}, 30, "the first job completed")
        stopped.send_signal(signal.SIGTERM)
        stopped.wait(timeout=STOP_SECONDS)
        left = [job for job in jobs if steps.status_of(job) != "completed"]
    with running_worker(environment, tmp_path):
        wait_for(lambda: {steps.status_of(job) for job in jobs} == {"completed"}, 30, "all jobs completed")

    stats = aws.control.stats()
    assert stopped.returncode == 0
    assert left
    assert stats["accepted"] == {str(attempt.pk): 1 for job in jobs for attempt in steps.attempts_of(job)}
    assert stats["peak_unfinished"] <= slots
    assert [len(steps.files_of(job)) for job in jobs] == [1] * len(jobs)
    assert steps.held_slots(account) == 0


def test_each_line_of_a_worker_is_json_and_the_moves_name_job_and_tenant(aws, account, acme, daily_calls, environment, tmp_path):
    job = steps.submit(acme)

    with running_worker(environment, tmp_path):
        wait_for(lambda: steps.status_of(job) == "completed", 30, "the job completed")

    lines = [json.loads(line) for line in (tmp_path / "worker.log").read_text().splitlines()]
    assert {"portal.cluster", "django-q", "reports.models.jobs"} <= {line["logger"] for line in lines}
    moves = [(line["to"], line["job"], line["tenant"]) for line in lines if "to" in line]
    ids = (str(job.pk), str(acme.pk))
    assert moves == [(status, *ids) for status in ("starting", "running", "collecting", "completed")]


def test_a_stop_while_a_start_has_no_answer_yet_starts_one_snapshot(aws, account, acme, daily_calls, environment, tmp_path):
    aws.control.hang(steps.START, seconds=60)
    job = steps.submit(acme)

    with running_worker(environment, tmp_path) as stopped:
        wait_for(lambda: aws.control.stats()["start_calls"] == 1, 20, "the call is on its way")
        stopped.send_signal(signal.SIGTERM)
        stopped.wait(timeout=STOP_SECONDS)
    with running_worker(environment, tmp_path):
        wait_for(lambda: steps.status_of(job) == "completed", 30, "the job completed")

    (attempt,) = steps.attempts_of(job)
    assert stopped.returncode == 0
    assert aws.control.stats()["accepted"] == {str(attempt.pk): 1}


def test_what_a_killed_supervisor_left_is_ended_by_the_next(aws, account, acme, daily_calls, environment, tmp_path):
    aws.control.stuck_jobs()
    job = steps.submit(acme)

    with running_worker(environment, tmp_path) as killed:
        wait_for(lambda: steps.status_of(job) == "running", 20, "the job runs")
        old = processes(tmp_path)
        killed.kill()
        killed.wait()
    with running_worker(environment, tmp_path):
        wait_for(lambda: set(leaders(tmp_path, tasks.ENGINE)) - old.keys(), 20, "another cluster")
        still_there = old.keys() & processes(tmp_path).keys()
        aws.control.finish(str(steps.attempts_of(job)[0].pk))
        wait_for(lambda: steps.status_of(job) == "completed", 30, "the job completed")

    assert len(old) >= 8
    assert still_there == set()
    assert notes(tmp_path) == []


def test_notes_of_a_living_worker_are_left_alone(aws, account, environment, tmp_path):
    with running_worker(environment, tmp_path):
        wait_for(lambda: leaders(tmp_path, tasks.ENGINE), 20, "the cluster")

        end_leftovers(tmp_path / "workers")

        assert leaders(tmp_path, tasks.ENGINE)
        assert len(notes(tmp_path)) == 1
        wait_for(lambda: {tasks.ENGINE, tasks.WORK} <= beating(), 20, "both clusters take tasks")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_cluster_whose_idle_processes_are_killed_or_stopped_is_replaced(number, aws, account, acme, daily_calls, environment, tmp_path):
    """By itself it would take no task any more: the dead one keeps the lock of the queue inside it."""
    with running_worker(environment, tmp_path):
        wait_for(lambda: Process.objects.filter(cluster=tasks.ENGINE, role="member", worked_at=None).count() > 2, 30, "all are seen")
        wait_for(lambda: not Process.objects.filter(cluster=tasks.ENGINE).exclude(doing=""), 30, "nobody has a task")
        (old,) = leaders(tmp_path, tasks.ENGINE)
        for pid in processes(tmp_path, tasks.ENGINE).keys() - {old}:
            os.kill(pid, number)
        wait_for(lambda: set(leaders(tmp_path, tasks.ENGINE)) - {old}, 40, "another cluster")
        job = steps.submit(acme)
        wait_for(lambda: steps.status_of(job) == "completed", 30, "the job completed")

    assert list(aws.control.stats()["accepted"].values()) == [1]


def test_a_pump_that_is_stopped_is_replaced(aws, account, acme, daily_calls, environment, tmp_path):
    aws.control.stuck_jobs()
    job = steps.submit(acme)

    with running_worker(environment, tmp_path):
        wait_for(lambda: steps.status_of(job) == "running", 30, "the job runs")
        old = Pump.objects.get(account=account).process
        os.kill(int(old.rpartition(":")[2]), signal.SIGSTOP)
        wait_for(lambda: Pump.objects.get(account=account).process != old, 40, "another pump")
        aws.control.finish(str(steps.attempts_of(job)[0].pk))
        wait_for(lambda: steps.status_of(job) == "completed", 30, "the job completed")

    assert list(aws.control.stats()["accepted"].values()) == [1]


def test_each_process_has_a_row_that_says_what_it_does_and_goes_with_it(aws, account, acme, daily_calls, environment, tmp_path):
    aws.control.stuck_jobs()
    job = steps.submit(acme)

    with running_worker(environment | {"PORTAL_RELEASE": "2026.3"}, tmp_path) as worker:
        wait_for(lambda: steps.status_of(job) == "running", 30, "the job runs")
        wait_for(lambda: processes(tmp_path).keys() <= set(Process.objects.values_list("pid", flat=True)), 20, "all have rows")
        told = {f"pump {account.pk}", *(f"stand {name}" for name in tasks.STANDS)}
        # A process that waits for a stand's turn says so a beat after it has it.
        wait_for(lambda: {row.doing for row in Process.objects.all()} >= told, 20, "each says what it does")
        rows = list(Process.objects.all())

    assert {row.release for row in rows} == {"2026.3"}
    assert [row.pid for row in rows if row.role == "supervisor"] == [worker.pid]
    assert sorted(row.cluster for row in rows if row.role == "cluster") == sorted(tasks.CLUSTERS)
    assert not Process.objects.exists()


def test_a_host_works_on_each_account_and_one_task_more(settings):
    for number in range(3):
        factories.make_account(name=f"account-{number}")

    assert tasks.workers(tasks.ENGINE) == 4
    settings.PORTAL_ENGINE_WORKERS = 2
    assert tasks.workers(tasks.ENGINE) == 2


def beating() -> set[str]:
    with engine_scope():
        return set(Heartbeat.objects.values_list("cluster", flat=True))


def test_recurring_rows_are_what_the_code_says():
    Schedule.objects.create(name="left over", func="gone.away", next_run=timezone.now())

    for _ in range(2):
        tasks.install_recurring()

    assert dict(Schedule.objects.values_list("name", "func")) == {name: row[0] for name, row in tasks.RECURRING.items()}


STANDING = """
select application_name from pg_locks join pg_stat_activity using (pid)
 where locktype = 'advisory' and classid = %s and granted and datname = current_database()
"""


def standing_by() -> dict[str, int]:
    """The process that holds the lock, by the name of the stand."""
    with connection.cursor() as cursor:
        cursor.execute(STANDING, [LOCK_CLASS])
        names = [name.partition(" ") for (name,) in cursor.fetchall()]
    return {name: int(process.rpartition(":")[2]) for name, _, process in names}


def all_stand_by() -> bool:
    return standing_by().keys() == tasks.STANDS.keys()


def test_all_that_stands_by_does_soon_after_the_start(environment, tmp_path):
    with running_worker(environment, tmp_path):
        wait_for(all_stand_by, 20, "all stand by")
        # Whoever has the lock beats a moment later.
        wait_for(lambda: dead(list(tasks.STANDS)) == [], 10, "their beats")


def test_stands_whose_processes_died_are_replaced_long_before_the_scheduler_sends_for_them(environment, tmp_path):
    with running_worker(environment, tmp_path):
        wait_for(all_stand_by, 20, "all stand by")
        old = standing_by()
        tasks.Schedule.objects.all().delete()
        for process in old.values():
            os.kill(process, signal.SIGKILL)
        wait_for(lambda: not set(old.values()) & set(standing_by().values()), 20, "their locks are free")
        wait_for(all_stand_by, 30, "all stand by again")
        # Whoever has the lock beats a moment later.
        wait_for(lambda: dead(list(tasks.STANDS)) == [], 10, "their beats")


def test_a_stop_ends_the_stands_in_order(environment, tmp_path):
    with running_worker(environment, tmp_path) as worker:
        wait_for(all_stand_by, 20, "all stand by")
        worker.send_signal(signal.SIGTERM)
        worker.wait(timeout=15)

    # Signed off, and not ended in the middle of a turn.
    assert (worker.returncode, dead(list(tasks.STANDS))) == (0, sorted(tasks.STANDS))
    assert processes(tmp_path) == {}
