"""How long answers take, counted by each web process for itself, and added up for all processes of one gunicorn.

Addresses hold tokens and names, so they are told apart by their route's name. These figures begin anew with the server, as Prometheus
expects it of a process.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics, values
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

from reports.measures import PAGES

# The library's own name for where processes keep what they counted.
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
# Anybody may send any word as a method.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER, STATIC, NOWHERE = "OTHER", "static", "none"
# How a caller asks to be answered when there is news; such an answer takes as long as it was asked to (reports/api/v1/waiting.py).
API, WAIT = "/api/", "wait="
disable_created_metrics()
_registry = CollectorRegistry()
_seconds = Histogram(PAGES.family, PAGES.meaning, PAGES.labels, buckets=PAGES.buckets, registry=_registry)


def note(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    """Of a streamed answer: until it begins."""
    if request.path.startswith(API) and WAIT in request.META.get("QUERY_STRING", "") and response.status_code < 500:
        return
    method = request.method if request.method in METHODS else OTHER
    _seconds.labels(route=_route(request), method=method, status=f"{response.status_code // 100}xx").observe(seconds)


def _route(request: HttpRequest) -> str:
    if match := request.resolver_match:
        return match.view_name
    return STATIC if request.path.startswith(settings.STATIC_URL) else NOWHERE


def collect() -> Iterable[Metric]:
    """Of all processes of this server."""
    if folder := os.environ.get(FOLDER):
        return list(MultiProcessCollector(None, path=folder).collect())
    return list(_registry.collect())


def make_folder(parent: str | None) -> Path:
    """For a server's processes, which are started after this. In memory, if `parent` is: each request writes there."""
    folder = Path(tempfile.mkdtemp(prefix="fanfold-pages-", dir=parent))
    os.environ[FOLDER] = str(folder)
    return folder


def remove_folder(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def free_number(taken: Iterable[int]) -> int:
    """The lowest that no living process has."""
    used = set(taken)
    return next(number for number in count() if number not in used)


def count_as(number: int) -> None:
    """Of a process, before its first request. Who has the number of one that ended goes on in its file: so there are never more files than
    processes at once, and no sum ever falls."""
    any_values: Any = values
    any_values.ValueClass = values.MultiProcessValue(lambda: number)
