"""Row 17. While one release follows another both work on one database, which the newer one migrated; none works on an older one."""

from __future__ import annotations

import runpy
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.utils import timezone
from django_q.models import Schedule, Task
from django_q.tasks import async_task

from reports import tasks
from tenants import roles
from tests import factories
from tests.faults.outcome import assert_delivered, assert_exactly_once, use_slots
from tests.faults.web import running_web
from tests.pretend_aws import ROOT
from tests.previous_release import READY, previous_release
from tests.reports.delivery import steps as mail
from tests.reports.engine import steps
from tests.reports.engine.worker import environment_of, running_worker, wait_for
from tests.reports.occurrences import steps as runs

__all__ = ["previous_release"]
pytestmark = pytest.mark.django_db(transaction=True)
SLOTS, JOBS = 3, 6
KIM, LEE = "kim@acme.example", "lee@acme.example"


@pytest.fixture
def environment(aws, database_env, smtp) -> dict[str, str]:
    return environment_of(database_env, aws.environment) | {"EMAIL_URL": mail.url_of(smtp)}


def plan(tenant, report, address: str) -> Schedule:
    """A run that is due, for one person."""
    due = timezone.now().replace(second=0, microsecond=0)
    when = {"cron": f"{due.minute} {due.hour} * * *", "timezone": "UTC", "next_run_at": due}
    schedule = factories.make_schedule(tenant=tenant, report=report, formats=["CSV"], visual_ids=["table-1"], **when)
    factories.make_audience(schedule=schedule, recipients=[factories.make_recipient(tenant=tenant, email=address)])
    return schedule


def have_ended(jobs) -> bool:
    return all(steps.now_of(job).has_ended for job in jobs)


def arrived(smtp) -> Counter[str]:
    return Counter(found.recipients[0] for found in smtp.mails)


def test_row_17_the_release_before_ends_once_what_this_one_makes_on_its_schema(
    aws, account, acme, daily_calls, smtp, environment, previous_release, tmp_path: Path
):
    use_slots(account, aws, SLOTS)
    schedule = plan(acme, daily_calls, KIM)
    submitted = [steps.submit(acme) for _ in range(JOBS)]

    with running_worker(environment | READY, tmp_path, root=previous_release):
        wait_for(lambda: arrived(smtp) and have_ended(submitted), 60, "jobs and the run end")

    made = [*submitted, *runs.jobs_of(schedule)]
    assert_exactly_once(aws, account, made, slots=SLOTS)
    assert_delivered(made)
    assert len(made) == JOBS + 1
    assert arrived(smtp) == {KIM: 1}
    assert list(Task.objects.filter(success=False).values_list("func", "result")) == []


def test_row_17_both_releases_at_once_end_each_job_once_while_one_of_them_comes_and_goes(
    aws, account, acme, daily_calls, smtp, environment, previous_release, tmp_path: Path
):
    use_slots(account, aws, SLOTS)
    schedules, made = [plan(acme, daily_calls, KIM)], [steps.submit(acme) for _ in range(JOBS)]

    with running_worker(environment, tmp_path / "new"):
        with running_worker(environment | READY, tmp_path / "old", root=previous_release):
            wait_for(lambda: any(steps.now_of(job).has_ended for job in made), 60, "work goes on")
            made += [steps.submit(acme) for _ in range(JOBS)]
        schedules.append(plan(acme, daily_calls, LEE))
        made += [steps.submit(acme) for _ in range(JOBS)]
        with running_worker(environment | READY, tmp_path / "old", root=previous_release):
            wait_for(lambda: arrived(smtp).keys() == {KIM, LEE} and have_ended(made), 90, "jobs and runs end")

    made += [job for schedule in schedules for job in runs.jobs_of(schedule)]
    assert_exactly_once(aws, account, made, slots=SLOTS)
    assert_delivered(made)
    assert len(made) == 3 * JOBS + 2
    assert arrived(smtp) == {KIM: 1, LEE: 1}


def test_row_17_a_web_process_of_the_release_before_makes_jobs_that_this_ones_worker_ends(
    aws, account, acme, daily_calls, environment, previous_release, tmp_path: Path
):
    client = runpy.run_path(str(previous_release / "docs" / "examples" / "fanfold.py"))
    key = factories.make_api_key(tenant=acme)[1]

    with running_worker(environment, tmp_path / "new"):
        (tmp_path / "old").mkdir()
        with running_web(environment, tmp_path / "old", root=previous_release) as web:
            program = client["Fanfold"](web.address, key)
            job = program.run("daily-calls", ["PDF"], key="order-4711")
            wait_for(lambda: program.get(f"jobs/{job['id']}/")["status"] == "completed", 60, "the job is done")
            wait_for(lambda: web.status("/readyz") == 200, 60, "it is ready on a newer schema")


def test_row_17_what_a_worker_does_not_know_is_put_back_and_in_the_end_given_up(environment, tmp_path: Path):
    last_time = f"{tasks.PUT_BACK}{tasks.MOST_TIMES_BACK}"
    once = {"schedule_type": Schedule.ONCE, "cluster": tasks.WORK, "next_run": timezone.now()}
    Schedule.objects.create(name=last_time, func="reports.tasks.of_long_ago", **once)
    for _ in range(3):
        async_task("reports.tasks.of_tomorrow", "a", 7, cluster=tasks.WORK)
    async_task("reports.tasks.stand", "somebody-new", cluster=tasks.WORK)
    async_task("reports.tasks.write_account_mail", {"kind": "reset", "user": 1}, version=2, cluster=tasks.WORK)
    async_task("reports.engine.pump.pump", "main", version=2, cluster=tasks.ENGINE)

    with running_worker(environment, tmp_path):
        wait_for(lambda: put_back().count() == 4, 60, "unknown ones are put back")
        wait_for(lambda: Task.objects.filter(success=False).exists(), 60, "one is given up")

    assert set(put_back().values_list("name", "func", "args", "kwargs", "cluster")) == {
        ("put back 1", "reports.tasks.of_tomorrow", "('a', 7)", "{}", "work"),
        ("put back 1", "reports.tasks.stand", "('somebody-new',)", "{}", "work"),
        ("put back 1", "reports.tasks.write_account_mail", "({'kind': 'reset', 'user': 1},)", "{'version': 2}", "work"),
        ("put back 1", "reports.engine.pump.pump", "('main',)", "{'version': 2}", None),
    }
    given_up = "not known to this release, and was put back 10 times"
    assert list(Task.objects.filter(success=False).values_list("func", "result")) == [("reports.tasks.of_long_ago", given_up)]


def put_back():
    return Schedule.objects.filter(name__startswith=tasks.PUT_BACK)


def test_row_17_a_worker_that_knows_what_was_put_back_does_it_once(environment, smtp, olga, tmp_path: Path):
    once = {"schedule_type": Schedule.ONCE, "cluster": tasks.WORK, "next_run": timezone.now() - timedelta(seconds=1)}
    Schedule.objects.create(name=f"{tasks.PUT_BACK}3", func="reports.tasks.write_account_mail", args=repr(("reset", olga.pk)), **once)

    with running_worker(environment, tmp_path):
        wait_for(lambda: arrived(smtp), 60, "its mail arrives")

    assert arrived(smtp) == {olga.email: 1}
    assert not put_back().exists()


def test_a_worker_of_another_release_takes_no_plan_away_for_long():
    Schedule.objects.create(name=f"{tasks.PUT_BACK}1", func="of.tomorrow", schedule_type=Schedule.ONCE)
    tasks.install_recurring()
    Schedule.objects.filter(name="tidy").delete()
    Schedule.objects.create(name="of-tomorrow", func="of.tomorrow", schedule_type=Schedule.MINUTES)

    tasks.plan_missing()

    assert sorted(Schedule.objects.values_list("name", flat=True)) == sorted([*tasks.RECURRING, "of-tomorrow", f"{tasks.PUT_BACK}1"])


@pytest.fixture
def older_schema(login):
    """As if a migration of this release were still to come."""
    owner: psycopg.Connection = login(roles.OWNER)
    (newest,) = owner.execute("select max(name) from django_migrations where app = 'reports'").fetchone()
    owner.execute("delete from django_migrations where app = 'reports' and name = %s", [newest])
    yield newest
    owner.execute("insert into django_migrations (app, name, applied) values ('reports', %s, now())", [newest])


@pytest.mark.parametrize("process", [("manage.py", "worker"), ("-m", "gunicorn", "--config=python:portal.gunicorn", "--bind=127.0.0.1:0")])
def test_no_process_of_this_release_starts_on_an_older_schema(process, older_schema, environment, tmp_path: Path):
    done = subprocess.run(
        [sys.executable, *process],
        cwd=ROOT,
        env=environment | {"PORTAL_STATE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode != 0
    assert f"1 of its migrations not applied, the first is reports.{older_schema}. Run `manage.py migrate`" in done.stdout + done.stderr
