"""An old backup mails nothing twice: a real pg_dump, a real worker that goes on after it, a real pg_restore, and a worker on that."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.utils import timezone

from portal.database import embedded_cluster
from reports.restoring import gate, mark, mode
from tests import database, factories
from tests.faults import killing
from tests.reports.delivery import steps as mail
from tests.reports.engine.worker import ROOT, environment_of, running_worker, wait_for
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db(transaction=True)
KIM, LEE, PAT = "kim@acme.example", "lee@acme.example", "pat@acme.example"
OPEN = "select count(*) from reports_delivery where status in ('pending', 'sending')"
MOVING = "select count(*) from reports_snapshotjob where finished_at is null"


@pytest.fixture
def smtp():
    with SmtpServer() as running:
        yield running
        running.heal()


@pytest.fixture
def waits_for_pat(acme, daily_calls):
    """A mail that is due when the backup is made."""
    job = factories.make_job(tenant=acme, report=daily_calls, status="completed")
    return factories.make_delivery(job=job, address=PAT, next_try_at=timezone.now() - timedelta(minutes=1))


@pytest.fixture
def schedule(acme, daily_calls):
    """A run that comes due when the backup is made, for Kim and Lee."""
    due = timezone.now().replace(second=0, microsecond=0)
    plan = {"cron": f"{due.minute} {due.hour} * * *", "timezone": "UTC", "next_run_at": due, "formats": ["CSV"]}
    schedule = factories.make_schedule(tenant=acme, report=daily_calls, visual_ids=["table-1"], **plan)
    factories.make_audience(schedule=schedule, recipients=[factories.make_recipient(tenant=acme, email=email) for email in (KIM, LEE)])
    return schedule


def test_what_left_after_the_backup_does_not_leave_again_and_the_rest_leaves_once(
    aws, account, schedule, waits_for_pat, smtp, database_name, database_env, monkeypatch, tmp_path: Path
):
    monkeypatch.setattr(gate, "_compared", None)
    settings = {"EMAIL_URL": mail.url_of(smtp)}
    mark.make()
    database.backup(database_name, tmp_path / "backup")
    smtp.answer("451 4.3.0 Try later", to=LEE)
    with running_worker(environment_of(database_env, aws.environment) | settings, tmp_path):
        wait_for(lambda: {KIM, PAT} <= arrived(smtp).keys() and mode.installation().generation > 1, 60, "the day goes on")
    smtp.heal()

    with database.restored_database(tmp_path / "backup") as name:
        restored = environment_of(database.environment(name), aws.environment) | settings
        with running_worker(restored, tmp_path):
            wait_for(lambda: ask(name, "select restored_at from reports_installation"), 60, "it is found to be a backup")
            time.sleep(5)
        held, waited = arrived(smtp), ask(name, OPEN)
        plan = command(restored)
        traps = restored | {"DJANGO_SETTINGS_MODULE": "tests.faults.settings"}
        killed = [command(traps | {killing.COMMAND_STEP: step}, "--resume").returncode for step in killing.RESUME_STEPS]
        again = command(restored, "--resume")
        with running_worker(restored, tmp_path):
            wait_for(lambda: LEE in arrived(smtp), 60, "Lee is served")
            wait_for(lambda: not ask(name, OPEN) and not ask(name, MOVING), 60, "nothing is left to do")

    assert held == Counter({KIM: 1, PAT: 1})
    assert waited == 1
    assert "sent in part 1" in plan.stdout
    assert "mails to be sent 0, sent before 1" in plan.stdout
    assert killed == [-signal.SIGKILL] * len(killing.RESUME_STEPS)
    assert "not known to be a backup" in again.stderr
    assert arrived(smtp) == Counter({KIM: 1, LEE: 1, PAT: 1})


def arrived(smtp: SmtpServer) -> Counter[str]:
    return Counter(found.recipients[0] for found in smtp.mails)


def ask(name: str, question: str):
    """Past row-level security."""
    with psycopg.connect(embedded_cluster().dsn("postgres", name)) as connection:
        return connection.execute(question.encode()).fetchone()[0]


def command(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "restored", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
