"""This process: which worker it belongs to, whether that hands over, and the row that says what is done here."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models.functions import Now

from reports import tallies
from reports.models import Process
from tenants.scope import engine_scope

# The environment variable in which `manage.py worker` names a file; once that file exists, its pumps hand over.
STOP_FILE = "FANFOLD_STOP_FILE"
# How the row of a process tells what it does.
PUMP, STAND = "pump ", "stand "
# django-q2's own: the queue that a cluster serves.
CLUSTER = "Q_CLUSTER_NAME"


def worker() -> str:
    """The start of `manage.py worker` that this process belongs to; empty for none."""
    return Path(os.environ.get(STOP_FILE, "")).stem


def name() -> str:
    """The cluster this task runs in, by a name that no other start of a worker has, and the process's own number."""
    return f"{worker() or socket.gethostname()}:{os.getppid()}:{os.getpid()}"


def host() -> str:
    return socket.gethostname()[:64]


def stopping() -> bool:
    path = os.environ.get(STOP_FILE)
    return path is not None and os.path.exists(path)


def beat(doing: str) -> None:
    """A task was taken, or a turn of it was made. Outside any scope."""
    with engine_scope():
        note(doing)


def note(doing: str) -> None:
    """The same in the engine's scope."""
    mine = {"worker": worker(), "pid": os.getpid()}
    if not Process.objects.filter(**mine).update(doing=doing, worked_at=Now()):
        about = {"host": host(), "cluster": os.environ.get(CLUSTER, ""), "release": settings.PORTAL_RELEASE}
        Process.objects.bulk_create([Process(**mine, **about, doing=doing, worked_at=Now())], ignore_conflicts=True)


@contextmanager
def doing(what: str) -> Iterator[None]:
    """A task. Without a database nothing is written, and that keeps nobody from working.

    Who leaves by TimeoutException ends this process: its row goes on saying in the middle of what.
    """
    with suppress(OperationalError, InterfaceError):
        beat(what)
    try:
        yield
    except Exception:
        _rest()
        raise
    _rest()


def _rest() -> None:
    with suppress(OperationalError, InterfaceError):
        beat("")
    tallies.flush()
