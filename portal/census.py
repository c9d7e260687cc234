"""The rows of a worker's processes: written by its supervisor at each look, removed with them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models.functions import Now

from portal.proc import STOPPED, ZOMBIE
from reports.engine import process
from reports.models import Process
from tenants.scope import engine_scope

# A pump turns five times a second, and is ten seconds without a turn at the end of its window. A stand turns within ten seconds.
SILENT_AFTER = timedelta(seconds=25)


@dataclass(frozen=True)
class Counted:
    """By process, also of those that ended just now. `doing`: the task in hand. `taken`: changes with each task that it takes; None: none
    yet. `silent`: who makes no turn any more."""

    doing: dict[int, str]
    taken: dict[int, object]
    silent: set[int]


def count(worker: str, clusters: Mapping[str, Mapping[int, str]]) -> Counted:
    """Make the rows what /proc told: the state of each process of each cluster."""
    there = {pid for states in clusters.values() for pid, state in states.items() if state != ZOMBIE} | {os.getpid()}
    alive = {pid for states in clusters.values() for pid, state in states.items() if state not in (ZOMBIE, STOPPED)} | {os.getpid()}
    with engine_scope():
        mine = Process.objects.of_worker(worker)
        rows = list(mine.values_list("pid", "doing", "worked_at"))
        doing = {pid: what for pid, what, _at in rows}
        silent = {pid for kind in (process.PUMP, process.STAND) for pid in mine.silent(kind, SILENT_AFTER).values_list("pid", flat=True)}
        mine.exclude(pid__in=there).delete()
        mine.filter(pid__in=alive).update(seen_at=Now())
        if fresh := there - doing.keys():
            Process.objects.bulk_create(
                (_row(worker, name, pid) for name, pids in {"": [os.getpid()], **clusters}.items() for pid in pids if pid in fresh),
                ignore_conflicts=True,
            )
    return Counted(doing, {pid: _taken(what, at) for pid, what, at in rows}, silent)


def _taken(doing: str, worked_at: datetime | None) -> object:
    """Pumps and stands beat with each turn, of one and the same task."""
    return doing if doing.startswith((process.PUMP, process.STAND)) else worked_at and (doing, worked_at)


def forget(worker: str) -> None:
    with engine_scope():
        Process.objects.of_worker(worker).delete()


def _row(worker: str, cluster: str, pid: int) -> Process:
    return Process(worker=worker, pid=pid, host=process.host(), cluster=cluster, role=_role(cluster, pid), release=settings.PORTAL_RELEASE)


def _role(cluster: str, pid: int) -> str:
    """The main process of a cluster leads its process group."""
    if not cluster:
        return Process.Role.SUPERVISOR
    return Process.Role.CLUSTER if os.getpgid(pid) == pid else Process.Role.MEMBER
