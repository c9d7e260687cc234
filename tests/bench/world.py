"""A whole engine to be measured, each part in its own processes: PostgreSQL that writes through to its disk, the pretend AWS, a worker.

Worlds stand side by side: each has a database, a pretend AWS and a worker of its own, because a process calls one endpoint only. They share
the server of the databases, and the machine.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, TypeVar

import psutil
import psycopg
from django.conf import settings
from django.db import connection, connections
from psycopg.conninfo import conninfo_to_dict
from pytest_django import DjangoDbBlocker

from portal.database import urls
from portal.local import state_dir
from portal.local.aws.options import EVENT_QUEUE
from portal.local.postgres import Cluster
from portal.local.postgres_files import SUPERUSER
from reports.tasks import ENGINE
from tenants import roles
from tests.pretend_aws import ACCOUNT, Server, start_server
from tests.reports.engine.worker import ROOT, environment_of, running_worker

Work = TypeVar("Work")
Result = TypeVar("Result")
FOLDER = state_dir() / "bench"
SERVER, MIGRATED = f"bench-{os.getpid()}", "migrated"


@dataclass
class World:
    aws: Server
    worker: subprocess.Popen[bytes]

    def engine_seconds(self) -> float:
        """Processor time that the engine's cluster has used by now, its ended processes included."""
        used = 0.0
        for cluster in psutil.Process(self.worker.pid).children():
            if cluster.environ().get("Q_CLUSTER_NAME") == ENGINE:
                for process in (cluster, *cluster.children(recursive=True)):
                    used += sum(process.cpu_times()[:4])
        return used


def side_by_side(act: Callable[[Work], Result], works: Sequence[Work], most: int, blocker: DjangoDbBlocker) -> list[Result]:
    """Each in a process that may connect to another database than this one; `most` at once. One server for all of their databases."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    connections.close_all()
    try:
        with blocker.unblock(), Cluster(SERVER) as cluster, ProcessPoolExecutor(most, get_context("fork")) as pool:
            cluster.ensure_database(MIGRATED)
            command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
            subprocess.run(command, cwd=ROOT, env=_environment(urls(cluster, MIGRATED)), check=True)
            return list(pool.map(act, works))
    finally:
        shutil.rmtree(state_dir() / f"postgres-{SERVER}")


@contextmanager
def world(name: str, **aws_options: Any) -> Iterator[World]:
    """A new one; this process is connected to its database too, and stays so. Its logs stay in the folder of that name.

    With the option `events` the worker listens to them.
    """
    folder = FOLDER / name
    database = _new_database(name)
    _connect(database)
    aws = start_server(folder / "aws", small_files=True, **aws_options)
    queue = {"PORTAL_EVENT_QUEUE_URL": f"{aws.url}/{ACCOUNT}/{EVENT_QUEUE}"} if "events" in aws_options else {}
    try:
        with running_worker(_environment(database) | aws.environment | queue, folder) as worker:
            yield World(aws, worker)
    finally:
        aws.stop()
        connections.close_all()


def _new_database(name: str) -> dict[str, str]:
    """A copy of the migrated one."""
    with Cluster(SERVER) as cluster:
        with psycopg.connect(cluster.dsn(SUPERUSER, "postgres"), autocommit=True) as admin:
            admin.execute(f"create database {name} template {MIGRATED} owner {roles.OWNER}".encode())
        # Who may connect is not copied.
        cluster.ensure_database(name)
        return urls(cluster, name)


def _connect(database: dict[str, str]) -> None:
    for name in ("reports", "django-q"):
        logging.getLogger(name).setLevel(logging.WARNING)
    parts = conninfo_to_dict(database[roles.URL_VARIABLES[roles.WORKER]])
    connections.close_all()
    for setting, key in {"NAME": "dbname", "HOST": "host", "PORT": "port", "USER": "user"}.items():
        connection.settings_dict[setting] = parts[key]


def _environment(database: dict[str, str]) -> dict[str, str]:
    """Of the database's other processes."""
    return environment_of(database | {"SECRET_KEY": settings.SECRET_KEY}, {})
