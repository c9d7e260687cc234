"""Row 24. The backup as docs/operations.md has it made, a server that loses its database, the backup restored, and work that goes on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from django.utils import timezone

from portal.database import urls
from portal.local.postgres import Cluster
from portal.local.postgres_files import installed
from tenants import roles
from tests import database, factories
from tests.pretend_aws import ROOT
from tests.reports.delivery import steps as mail
from tests.reports.engine import steps
from tests.reports.engine.worker import environment_of, running_worker, wait_for

pytestmark = pytest.mark.django_db(transaction=True)
KIM, LEE, PAT = "kim@acme.example", "lee@acme.example", "pat@acme.example"
DATABASE = "portal"
MOVING = "select count(*) from reports_snapshotjob where finished_at is null"
DOCUMENT = ROOT / "docs" / "operations.md"
TABLES = "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1"
ROWS = "select count(*), md5(string_agg(md5(row::text), '' order by md5(row::text))) from {} as row"
# What holds rows back, and what numbers the next ones.
WALLS = (
    "select tablename, policyname, permissive, roles::text, cmd, qual, with_check from pg_policies order by 1, 2",
    "select relname, relrowsecurity, relforcerowsecurity, relowner::regrole::text, relacl::text from pg_class "
    "where relnamespace = 'public'::regnamespace order by 1",
    "select table_name, column_name, grantee, privilege_type from information_schema.column_privileges where table_schema = 'public' "
    "order by 1, 2, 3, 4",
    "select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint where connamespace = 'public'::regnamespace "
    "order by 1, 2",
    "select schemaname, sequencename, last_value from pg_sequences order by 1, 2",
    "select tgrelid::regclass::text, tgname, tgenabled::text from pg_trigger where not tgisinternal order by 1, 2",
)


@pytest.fixture
def own_server(database_name, tmp_path) -> Iterator[Cluster]:
    """A server of its own with what the test has made so far: its roles are changed, and its database is lost."""
    if not database.is_embedded():
        pytest.skip("a server of its own needs the embedded PostgreSQL")
    with database.own_cluster("backup") as cluster:
        cluster.ensure_database(DATABASE)
        yield cluster


def move_in(own_server: Cluster, database_name: str, folder: Path) -> None:
    database.backup(database_name, folder / "start")
    program("pg_restore", "--exit-on-error", "--dbname", own_server.dsn("postgres", DATABASE), str(folder / "start"))


def program(name: str, *arguments: str) -> None:
    subprocess.run([str(installed() / "bin" / name), *arguments], check=True, capture_output=True, text=True)


def section(heading: str) -> str:
    return DOCUMENT.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def commands(heading: str) -> str:
    """What stands there in fenced blocks."""
    found = "\n".join(re.findall(r"^ *```\n(.*?)^ *```", section(heading), re.M | re.S))
    assert found, f"{heading} has no commands"
    return found


def typed(commands: str, environment: dict[str, str], folder: Path) -> None:
    """As a person would, in a shell that ends at the first fault."""
    shell = f'set -euo pipefail\nmanage.py() {{ "{sys.executable}" "{ROOT}/manage.py" "$@"; }}\n{commands}'
    path = f"{installed() / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(["bash", "-c", shell], cwd=folder, env=environment | {"PATH": path}, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def contents(own_server: Cluster) -> dict[str, object]:
    """Of each table the number of rows and their checksum, past row-level security; and the walls."""
    with psycopg.connect(own_server.dsn("postgres", DATABASE)) as connection:
        tables = [name for (name,) in connection.execute(TABLES)]
        found: dict[str, object] = {name: connection.execute(ROWS.format(f'"{name}"').encode()).fetchone() for name in tables}
        return found | {wall: connection.execute(wall.encode()).fetchall() for wall in WALLS}


def ask(own_server: Cluster, question: str):
    with psycopg.connect(own_server.dsn("postgres", DATABASE)) as connection:
        return connection.execute(question.encode()).fetchone()[0]


def plan_run(acme, daily_calls) -> None:
    """Due when the backup is made, for Kim and Lee."""
    due = timezone.now().replace(second=0, microsecond=0)
    plan = {"cron": f"{due.minute} {due.hour} * * *", "timezone": "UTC", "next_run_at": due, "formats": ["CSV"]}
    schedule = factories.make_schedule(tenant=acme, report=daily_calls, visual_ids=["table-1"], **plan)
    factories.make_audience(schedule=schedule, recipients=[factories.make_recipient(tenant=acme, email=email) for email in (KIM, LEE)])


def test_row_24_the_last_backup_brings_every_row_back_and_what_was_due_is_done_once(
    aws, account, acme, globex, daily_calls, smtp, database_name, database_env, own_server, tmp_path: Path
):
    job = factories.make_job(tenant=globex, report=daily_calls, status="completed")
    factories.make_delivery(job=job, address=PAT, next_try_at=timezone.now() - timedelta(minutes=1))
    for tenant in (acme, globex):
        steps.submit(tenant)
    plan_run(acme, daily_calls)
    move_in(own_server, database_name, tmp_path)
    own = {"ADMIN_URL": own_server.dsn("postgres", "postgres"), "BACKUP_URL": own_server.dsn(roles.BACKUP, DATABASE)}
    own |= {"RESTORE_URL": own_server.dsn("postgres", DATABASE), "PORTAL_STATE_DIR": str(tmp_path), "EMAIL_URL": mail.url_of(smtp)}
    environment = environment_of(database_env | urls(own_server, DATABASE), aws.environment) | own

    # A test before this one may have emptied what `migrate` writes into tables.
    typed(f"manage.py migrate\n{commands('Backups')}", environment, tmp_path)
    before = contents(own_server)
    program("dropdb", "--force", f"--maintenance-db={own['ADMIN_URL']}", DATABASE)
    typed(commands("After a restore"), environment, tmp_path)
    (number_of_jobs,) = re.findall(r"`(psql .*?)`", section("Backups"))
    typed(f'test 3 = "$({number_of_jobs} --tuples-only --no-align)"', environment, tmp_path)
    after = contents(own_server)
    with running_worker(environment, tmp_path / "worker"):
        wait_for(lambda: arrived(smtp).keys() >= {KIM, LEE, PAT}, 60, "mails leave")
        wait_for(lambda: not ask(own_server, MOVING), 60, "nothing is left to do")

    assert sorted(name for name in before if before[name] != after.get(name)) == []
    assert before.keys() == after.keys()
    assert before["reports_snapshotjob"][0] == 3
    assert arrived(smtp) == Counter({KIM: 1, LEE: 1, PAT: 1})
    sent = ask(own_server, "select array_agg(id::text order by id) from reports_attempt")
    assert aws.control.stats()["accepted"] == dict.fromkeys(sent, 1)
    assert len(sent) == ask(own_server, "select count(*) from reports_snapshotjob where status = 'completed'") - 1 == 3


def arrived(smtp) -> Counter[str]:
    return Counter(found.recipients[0] for found in smtp.mails)
