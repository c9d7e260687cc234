"""What a web server of two processes answers in a minute at a million jobs: nine of ten requests are of one job, one is a list of 25.

Server, database, Redis and clients share the machine. The trivial view is `/healthz`, through the same server, clients and middleware:
it reads nothing. Run by `make bench`.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import quantiles

import pytest

from tenants import roles
from tests import factories
from tests.bench import clients, million
from tests.bench.clients import Load, Told
from tests.bench.figures import FULL, show
from tests.portal.web_process import Web, running_web
from tests.redis_server import RedisServer, needs_redis

pytestmark = [pytest.mark.django_db(transaction=True), needs_redis]
RUNS = 3 if FULL else 1
SECONDS, TRIVIAL_SECONDS, CLIENTS, PROCESSES = 60, 10, 8, 2
LEAST_SHARE, MOST_P99 = 0.1, 0.25


@pytest.fixture
def busy(database_env, tmp_path, login) -> Iterator[tuple[Web, Load]]:
    tenant = factories.make_tenant()
    jobs = million.fill(tenant)
    owner = login(roles.OWNER)
    for table in million.TABLES:
        owner.execute(f"vacuum (analyze) {table}")
    # What is measured is reading: the company may ask as often as it likes.
    secret = factories.make_api_key(tenant=tenant)[1]
    shares = [(90, [f"/api/v1/jobs/{job.pk}/" for job in jobs]), (10, ["/api/v1/jobs/?limit=25", "/api/v1/jobs/?limit=25&status=failed"])]
    redis = RedisServer(tmp_path)
    unlimited = {"DJANGO_SETTINGS_MODULE": "tests.fuzz.settings"}
    try:
        with running_web(database_env | redis.environment | unlimited, tmp_path, workers=PROCESSES) as web:
            web.get("/healthz")
            yield web, Load(web.port, {"Authorization": f"Bearer {secret}"}, shares, SECONDS, CLIENTS)
    finally:
        redis.stop()


def test_a_minute_of_mixed_reads_at_a_million_jobs(busy):
    web, load = busy
    trivial = Load(web.port, {}, [(100, ["/healthz"])], TRIVIAL_SECONDS, CLIENTS)
    clients.ask(Load(web.port, load.headers, load.shares, 3, CLIENTS))  # which nobody counts: code is loaded, connections are made
    runs = [(clients.ask(trivial), clients.ask(load)) for _ in range(RUNS)]

    mixed = [told for _, told in runs]
    show("trivial view, requests/s", [told.per_second for told, _ in runs], unit="")
    show("mixed reads, requests/s", [told.per_second for told in mixed], unit="")
    # How many times as many the trivial view answers: at most ten.
    show("trivial view, of mixed reads", [one.per_second / other.per_second for one, other in runs], 1 / LEAST_SHARE, unit="")
    show("mixed reads, p50", [percentile(told, 50) for told in mixed])
    show("mixed reads, p99", [percentile(told, 99) for told in mixed], MOST_P99)
    show("mixed reads, not answered 200", [told.wrong for told in mixed], 0, unit="")


def percentile(told: Told, share: int) -> float:
    return quantiles(told.took, n=100)[share - 1]
