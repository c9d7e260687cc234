from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from reports.models import Heartbeat, Installation
from reports.restoring import mode
from tenants import roles
from tenants.scope import engine_scope

pytestmark = pytest.mark.urls("portal.health")


def beat(age):
    with engine_scope():
        Heartbeat.objects.create(cluster="portal", beat_at=timezone.now() - age)


@pytest.fixture
def no_database(transactional_db):
    """Nobody listens on port 1."""
    connection.close()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"HOST": "127.0.0.1", "PORT": "1"}.items():
            patch.setitem(connection.settings_dict, name, value)
        yield
        connection.close()


def test_a_process_is_healthy_without_a_database(client, no_database):
    response = client.get("/healthz")

    assert (response.status_code, response.content, response["Content-Type"]) == (200, b"ok\n", "text/plain")


def test_ready_means_database_migrations_and_worker(client, db):
    beat(timedelta(seconds=90))

    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"database": "ok", "migrations": "ok", "worker": "ok"}


def test_a_restored_backup_is_ready_to_show_pages_and_says_why_nothing_runs(client, db):
    beat(timedelta(seconds=90))
    mode.begin(Installation.Because.DECLARED, backup_at=timezone.now())

    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json()["restored"] == "this database is a backup, and nothing runs: see manage.py restored"


def test_without_a_database_it_is_not_ready_and_says_so(client, no_database):
    response = client.get("/readyz")

    assert response.status_code == 503
    assert set(response.json().values()) == {"the database does not answer"}


def test_a_migration_that_was_not_applied_makes_it_not_ready(client, transactional_db, login):
    beat(timedelta(0))
    owner = login(roles.OWNER)
    owner.execute("delete from django_migrations where app = 'reports' and name = '0002_row_security'")

    response = client.get("/readyz")

    owner.execute("insert into django_migrations (app, name, applied) values ('reports', '0002_row_security', now())")
    assert response.status_code == 503
    assert response.json() == {"database": "ok", "migrations": "1 not applied: run manage.py migrate", "worker": "ok"}


def test_a_worker_that_was_never_started_makes_it_not_ready(client, db):
    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["worker"] == "never seen: run manage.py worker"


def test_a_worker_without_a_sign_of_life_for_two_minutes_makes_it_not_ready(client, db):
    beat(timedelta(seconds=125))

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["worker"].startswith("not seen for 12")


def test_a_database_that_hangs_does_not_hang_the_answer(client, transactional_db, login):
    beat(timedelta(0))
    holder = login(roles.OWNER)

    with holder.transaction():
        holder.execute("lock table reports_heartbeat in access exclusive mode")
        response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {"database": "ok", "migrations": "ok", "worker": "the database does not answer"}


def test_the_web_login_may_ask(web_login: psycopg.Connection):
    for table in ("django_migrations", "reports_heartbeat"):
        assert web_login.execute(f"select has_table_privilege('{table}', 'select')").fetchone() == (True,)
