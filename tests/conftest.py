"""The suite runs as the worker login, held by row-level security like the product, in a database of its own.

People and what they work with are fixtures here; anything else a test needs it makes with tests/factories.py.
"""

from __future__ import annotations

import io
import json
import logging
import os
import smtplib
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
import urllib3
from botocore.httpsession import URLLib3Session
from django.contrib.contenttypes.management import create_contenttypes
from django.core.cache import cache
from django.db import connection, connections
from django.db.models.signals import post_migrate
from pytest_django import DjangoDbBlocker

from portal.local.aws.options import ACCESS_KEY, SECRET_KEY
from portal.logs import JsonLine, RefusalsInOneLine
from reports.aws import clients
from reports.models import Report
from reports.outbound import addresses
from tenants import roles
from tenants.models import Tenant, User
from tests import database, factories
from tests.pretend_aws import ROOT
from tests.smtp import SmtpServer

# Files that take a minute or more of it, the longest first: begun last, one of them keeps its process at work after the others have ended.
LONG = (
    "tests/browser/test_pages.py",
    "tests/test_isolation.py",
    "tests/fuzz/test_api.py",
    "tests/portal/test_supervisor.py",
    "tests/faults/test_killed_expander.py",
    "tests/faults/test_two_hosts.py",
    "tests/faults/test_two_releases.py",
    "tests/faults/test_full_disk.py",
    "tests/faults/test_killed_carrier.py",
    "tests/faults/test_killed_reviewer.py",
    "tests/faults/test_killed_templates.py",
    "tests/reports/engine/test_collecting.py",
    "tests/faults/test_quicksight.py",
    "tests/portal/local/test_launch.py",
    "tests/faults/test_killed_worker.py",
    "tests/test_access_walk.py",
    "tests/faults/test_killed_keeping.py",
    "tests/faults/test_mail.py",
    "tests/attacks/test_queries.py",
    "tests/journeys/test_schedule_to_download.py",
    "tests/journeys/test_traces.py",
    "tests/tenants/test_row_security.py",
    "tests/attacks/test_tokens.py",
    "tests/faults/test_postmaster.py",
    "tests/browser/test_journeys.py",
    "tests/faults/test_overdue.py",
    "tests/faults/test_restored_backup.py",
    "tests/faults/test_stopping_under_load.py",
    "tests/faults/test_cache_away.py",
    "tests/faults/test_backup.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {str(ROOT / name): place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: order.get(str(item.path), len(order)))


def pytest_configure(config: pytest.Config) -> None:
    # Collected static files exist only where the product is installed; the tests serve them from the apps' folders.
    config.addinivalue_line("filterwarnings", "ignore:No directory at:UserWarning")
    config.addinivalue_line("filterwarnings", "ignore:Requiring AUTH while not requiring TLS:UserWarning")


@pytest.fixture(scope="session")
def database_name(django_test_environment: None) -> Iterator[str]:
    with database.fresh_database(os.environ.get("MUTATION_SQL", "")) as name:
        yield name


@pytest.fixture(scope="session")
def django_db_setup(database_name: str, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Points the default connection at our database; pytest-django makes none."""
    # After a transactional test the tables are emptied, which announces a migration: these listeners write what only the owner may.
    post_migrate.disconnect(create_contenttypes)
    post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
    post_migrate.connect(_empty_cache, dispatch_uid="the cache is no model's table")
    connection.close()
    connection.settings_dict["NAME"] = database_name
    yield
    with django_db_blocker.unblock():
        connections.close_all()


def _empty_cache(app_config: Any, **kwargs: Any) -> None:
    # Announced for apps with models only, and once is enough.
    if app_config.label == "tenants":
        cache.clear()


@pytest.fixture
def database_env(database_name: str) -> dict[str, str]:
    """The environment for processes that a test starts. They see what was committed, so the test has to be transactional."""
    return database.environment(database_name)


@pytest.fixture
def login(database_name: str) -> Iterator[Callable[[str], psycopg.Connection]]:
    """`login(roles.OWNER)`: a connection of its own to the test database, in autocommit."""
    opened = []

    def connect(name: str) -> psycopg.Connection:
        url = database.addresses(database_name)[roles.URL_VARIABLES[name]]
        opened.append(psycopg.connect(url, autocommit=True))
        return opened[-1]

    yield connect
    for opened_connection in opened:
        opened_connection.close()


@pytest.fixture
def web_login(login: Callable[[str], psycopg.Connection]) -> psycopg.Connection:
    return login(roles.WEB)


@pytest.fixture(autouse=True)
def nobodys_aws_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests: their own credentials are out of reach, and no client that found other ones is left from the test before."""
    values = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_EC2_METADATA_DISABLED": "true"}
    files = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    for name, value in (values | files).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(clients, "_clients", {})


@pytest.fixture(autouse=True)
def no_call_inside_a_transaction(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A slow answer of AWS or of a mail server would hold locks and a connection that others wait for. Only the test's own transaction
    may be open."""
    send, connect, request, inside = URLLib3Session.send, smtplib.SMTP.connect, urllib3.PoolManager.request, []
    ask, dial = addresses.ask_system, socket.create_connection

    def note(call: str) -> None:
        if any(not block._from_testcase for block in connection.atomic_blocks):
            inside.append(call)

    def noting_send(session: URLLib3Session, request: Any) -> Any:
        note(f"{request.method} {request.url}")
        return send(session, request)

    def noting_connect(client: smtplib.SMTP, *address: Any, **options: Any) -> Any:
        note(f"SMTP {address}")
        return connect(client, *address, **options)

    def noting_request(pool: urllib3.PoolManager, method: str, url: str, **options: Any) -> Any:
        note(f"{method} {url}")
        return request(pool, method, url, **options)

    def noting_ask(host: str, port: int) -> list[str]:
        note(f"a look-up of {host}")
        return ask(host, port)

    def noting_dial(address: tuple[str, int], *arguments: Any, **options: Any) -> socket.socket:
        note(f"a connection to {address}")
        return dial(address, *arguments, **options)

    monkeypatch.setattr(urllib3.PoolManager, "request", noting_request)
    monkeypatch.setattr(URLLib3Session, "send", noting_send)
    monkeypatch.setattr(smtplib.SMTP, "connect", noting_connect)
    monkeypatch.setattr(addresses, "ask_system", noting_ask)
    monkeypatch.setattr(socket, "create_connection", noting_dial)
    yield
    assert inside == [], "AWS, a mail server or a company's receiver was called inside a transaction"


@pytest.fixture(autouse=True)
def no_alarm_is_left(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """One that is raised inside a test's transaction is committed all the same, by a connection of its own."""
    yield
    records = [record for when in ("setup", "call") for record in caplog.get_records(when)]
    if any(record.name == "reports.alerts" for record in records):
        url = database.addresses(connection.settings_dict["NAME"])[roles.URL_VARIABLES[roles.OWNER]]
        with psycopg.connect(url) as owner:
            owner.execute("delete from reports_alarmmessage; delete from reports_alarm")


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    """A real mail server of its own, which keeps what it takes and misbehaves when told to."""
    with SmtpServer() as server:
        yield server


@pytest.fixture
def json_log() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the product's loggers write meanwhile, as a pipe would get it: a list of objects, one a line."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLine())
    handler.addFilter(RefusalsInOneLine())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def acme(db: None) -> Tenant:
    return factories.make_tenant(slug="acme", name="Acme Hotels")


@pytest.fixture
def globex(db: None) -> Tenant:
    return factories.make_tenant(slug="globex", name="Globex Airlines")


@pytest.fixture
def olga(acme: Tenant) -> User:
    return factories.make_member(tenant=acme, email="olga@acme.example", name="Olga Owner", role="owner")


@pytest.fixture
def adam(acme: Tenant) -> User:
    return factories.make_member(tenant=acme, email="adam@acme.example", name="Adam Admin", role="admin")


@pytest.fixture
def alice(acme: Tenant) -> User:
    return factories.make_member(tenant=acme, email="alice@acme.example", name="Alice Viewer", role="viewer")


@pytest.fixture
def bob(globex: Tenant) -> User:
    return factories.make_member(tenant=globex, email="bob@globex.example", name="Bob Owner", role="owner")


@pytest.fixture
def ines(db: None) -> User:
    return factories.make_user(email="ines@anycompany.example", name="Ines Prado", is_staff=True)


@pytest.fixture
def omar(db: None) -> User:
    return factories.make_user(email="omar@anycompany.example", name="Omar Haddad", is_staff=True)


@pytest.fixture
def daily_calls(acme: Tenant, globex: Tenant) -> Report:
    """Offered to both tenants."""
    report = factories.make_report(slug="daily-calls", name="Daily call volume")
    for tenant in (acme, globex):
        factories.make_grant(tenant=tenant, report=report)
    return report
