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
from django.conf import settings
from django.db import connection, connections
from psycopg.conninfo import conninfo_to_dict
from pytest_django import DjangoDbBlocker

from portal.database import urls
from portal.local import state_dir
from portal.local.aws.options import EVENT_QUEUE
from portal.local.postgres import Cluster
from reports.tasks import ENGINE
from tenants import roles
from tests.pretend_aws import ACCOUNT, Server, start_server
from tests.reports.engine.worker import ROOT, environment_of, running_worker

Work = TypeVar("Work")
Result = TypeVar("Result")
FOLDER = state_dir() / "bench"
SERVER = f"bench-{os.getpid()}"


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
    with blocker.unblock(), Cluster(SERVER), ProcessPoolExecutor(most, get_context("fork")) as pool:
        results = list(pool.map(act, works))
    shutil.rmtree(state_dir() / f"postgres-{SERVER}")
    return results


@contextmanager
def world(name: str, **aws_options: Any) -> Iterator[World]:
    """A new one; this process is connected to its database too, and stays so. Its logs stay in the folder of that name.

    With the option `events` the worker listens to them.
    """
    folder = FOLDER / name
    environment = _connect(_database(name))
    aws = start_server(folder / "aws", small_files=True, **aws_options)
    queue = {"PORTAL_EVENT_QUEUE_URL": f"{aws.url}/{ACCOUNT}/{EVENT_QUEUE}"} if "events" in aws_options else {}
    try:
        with running_worker(environment | aws.environment | queue, folder) as worker:
            yield World(aws, worker)
    finally:
        aws.stop()
        connections.close_all()


def _database(name: str) -> dict[str, str]:
    with Cluster(SERVER) as cluster:
        cluster.ensure_database(name)
        return urls(cluster, name)


def _connect(database: dict[str, str]) -> dict[str, str]:
    """The environment of the database's other processes."""
    logging.getLogger("reports").setLevel(logging.WARNING)
    environment = environment_of(database | {"SECRET_KEY": settings.SECRET_KEY}, {})
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity=0"], cwd=ROOT, env=environment, check=True)
    parts = conninfo_to_dict(database[roles.URL_VARIABLES[roles.WORKER]])
    connections.close_all()
    for setting, key in {"NAME": "dbname", "HOST": "host", "PORT": "port", "USER": "user"}.items():
        connection.settings_dict[setting] = parts[key]
    return environment
