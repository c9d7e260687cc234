"""`/metrics` for Prometheus: what the worker wrote down, what was counted, and how long pages take. Nothing of any tenant.

The web login reads three tables without tenant content for it, and no scope is opened.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import django.db
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from portal import page_times
from reports.measures import AGES, COUNTED, DATABASE, FIGURES_AGE, PREFIX, STATE, Kind, Measure
from reports.models import Account, Figures, Tally
from reports.tallies import BUCKET, INFINITE, SUM

STATEMENT_TIMEOUT = "2s"
SCHEME = "Bearer "
GROWING = frozenset(PREFIX + name for name in AGES)


@login_not_required
@transaction.non_atomic_requests
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """404 without METRICS_TOKEN: who sets none has no such address."""
    if not settings.METRICS_TOKEN:
        raise Http404
    given = request.headers.get("Authorization", "")
    if not given.startswith(SCHEME) or not constant_time_compare(given.removeprefix(SCHEME).strip(), settings.METRICS_TOKEN):
        told = {"content_type": "text/plain", "headers": {"WWW-Authenticate": "Bearer"}}
        return HttpResponse("The bearer token is METRICS_TOKEN.\n", status=401, **told)
    registry = CollectorRegistry()
    registry.register(Everything())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


class Everything(Collector):
    def describe(self) -> list[Metric]:
        """Nothing is asked for when it is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        yield from page_times.collect()
        found = list(_of_database())
        yield _gauge(DATABASE, [({}, float(bool(found)))])
        yield from found


def _of_database() -> list[Metric]:
    """Empty: it does not answer."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("select set_config('statement_timeout', %s, true)", [STATEMENT_TIMEOUT])
            return [*_state(), *_counted()]
    except django.db.Error:
        return []


def _state() -> Iterator[Metric]:
    row = Figures.objects.annotate(age=Now() - F("at")).first()
    age = row.age.total_seconds() if row else 0.0
    found: dict[str, list[tuple[dict[str, str], float]]] = defaultdict(list)
    for name, labels, value in row.state if row else ():
        # Measures that another release wrote are left out.
        found[name].append((labels, value + age if name in GROWING else value))
    for measure in STATE:
        yield _gauge(measure, found[measure.family])
    yield _gauge(FIGURES_AGE, [({}, age)] if row else [])


def _gauge(measure: Measure, samples: Iterable[tuple[dict[str, str], float]]) -> Metric:
    metric = Metric(measure.family, measure.meaning, "gauge")
    for labels, value in samples:
        metric.add_sample(measure.family, labels, value)
    return metric


def _counted() -> Iterator[Metric]:
    accounts = {str(pk): name for pk, name in Account.objects.values_list("pk", "name")}
    found: dict[str, list[tuple[dict[str, str], float]]] = defaultdict(list)
    for name, labels, value in Tally.objects.order_by("name", "id").values_list("name", "labels", "value"):
        if "account" in labels:
            labels["account"] = accounts.get(labels["account"], labels["account"])
        found[name].append((labels, value))
    for measure in COUNTED:
        yield _counter(measure, found[measure.name]) if measure.kind is Kind.COUNTER else _histogram(measure, found)


def _counter(measure: Measure, rows: Iterable[tuple[dict[str, str], float]]) -> Metric:
    metric = Metric(measure.family, measure.meaning, "counter")
    for labels, value in rows:
        metric.add_sample(f"{measure.family}_total", labels, value)
    return metric


def _histogram(measure: Measure, found: dict[str, list[tuple[dict[str, str], float]]]) -> Metric:
    """The table has how many ended in each bucket, Prometheus wants how many ended up to its end."""
    metric = Metric(measure.family, measure.meaning, "histogram")
    ended: dict[tuple[Any, ...], dict[float, float]] = defaultdict(lambda: defaultdict(float))
    for labels, value in found[measure.name + BUCKET]:
        ended[_group(measure, labels)][float(labels["le"])] += value
    sums = {_group(measure, labels): value for labels, value in found[measure.name + SUM]}
    for group, by_end in ended.items():
        labels, total = dict(zip(measure.labels, group, strict=True)), 0.0
        for end in (*measure.buckets, float(INFINITE)):
            total = sum(value for le, value in by_end.items() if le <= end)
            metric.add_sample(f"{measure.family}_bucket", labels | {"le": floatToGoString(end)}, total)
        metric.add_sample(f"{measure.family}_count", labels, total)
        metric.add_sample(f"{measure.family}_sum", labels, sums.get(group, 0.0))
    return metric


def _group(measure: Measure, labels: dict[str, str]) -> tuple[str, ...]:
    return tuple(labels[name] for name in measure.labels)


urlpatterns = [path("metrics", metrics, name="metrics")]
