"""What a program waits for at a million jobs of its company: pages of the list, one job, and the deepest page. Run by `make bench`.

A real web process answers one request after another over a kept connection; nothing else works meanwhile. The last jobs on both ends have
attempts, events and files, since those are what is read.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from statistics import quantiles
from urllib.parse import urlsplit

import pytest
from django.test import RequestFactory

from reports.api.v1 import paging
from reports.models import SnapshotJob
from tenants import roles
from tenants.models import Tenant
from tenants.scope import tenant_scope
from tests import factories
from tests.bench import million
from tests.bench.figures import RUNS, seconds, show
from tests.portal.web_process import Web, running_web

pytestmark = pytest.mark.django_db(transaction=True)
CALLS = 200
TARGET, DEEPEST = 0.060, 1.5


@pytest.fixture
def busy(database_env, tmp_path) -> Iterator[tuple[Web, Tenant, str]]:
    """A million ended jobs of one company, after which its tables were looked at as autovacuum does."""
    tenant = factories.make_tenant()
    million.fill(tenant)
    secret = factories.make_api_key(tenant=tenant)[1]
    traps = {"DJANGO_SETTINGS_MODULE": "tests.fuzz.settings"}
    with running_web(database_env | traps, tmp_path) as web:
        yield web, tenant, secret


def test_a_million_jobs(busy, login):
    web, tenant, secret = busy
    owner = login(roles.OWNER)
    for table in million.TABLES:
        owner.execute(f"analyze {table}")
    caller = Caller(web, secret)
    first = caller.json("/api/v1/jobs/")
    job = f"/api/v1/jobs/{first['results'][0]['id']}/"
    pages = {
        "50 jobs": "/api/v1/jobs/",
        "the next 50": urlsplit(first["next"]).path + "?" + urlsplit(first["next"]).query,
        "50 failed jobs": "/api/v1/jobs/?status=failed",
        "200 jobs, three fields": "/api/v1/jobs/?limit=200&fields=status,report,created_at",
        "one job": job,
    }

    trivial = caller.times("/healthz")
    me = caller.times("/api/v1/me/")
    show("a trivial view (/healthz), p95", [p95(run) for run in trivial])
    show("whose key it is (/me/), p95", [p95(run) for run in me])
    for told, path in pages.items():
        runs = caller.times(path)
        show(f"{told}, p95", [p95(run) for run in runs], TARGET)
        show(f"{told}, of /me/", [p95(run) / p95(base) for run, base in zip(runs, me, strict=True)], unit="")
    last = caller.times(_last_page(tenant))
    begin = caller.times("/api/v1/jobs/")
    caller.http.close()
    show(
        "the last page of a million, of the first", [p95(run) / p95(base) for run, base in zip(last, begin, strict=True)], DEEPEST, unit=""
    )


class Caller:
    """One connection, kept."""

    def __init__(self, web: Web, secret: str) -> None:
        self.http = http.client.HTTPConnection("127.0.0.1", web.port, timeout=60)
        self.headers = {"Authorization": f"Bearer {secret}"}

    def json(self, path: str) -> dict:
        self.http.request("GET", path, headers=self.headers)
        answer = self.http.getresponse()
        body = json.loads(answer.read())
        assert answer.status == 200, body
        return body

    def times(self, path: str) -> list[list[float]]:
        self._get(path)
        return [[seconds(lambda: self._get(path)) for _ in range(CALLS)] for _ in range(RUNS)]

    def _get(self, path: str) -> None:
        self.http.request("GET", path, headers=self.headers)
        answer = self.http.getresponse()
        answer.read()
        assert answer.status == 200


def p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1]


def _last_page(tenant: Tenant) -> str:
    """As whoever has followed `next` twenty thousand times comes to it."""
    with tenant_scope(tenant):
        before = SnapshotJob.objects.for_tenant(tenant).order_by("created_at", "id")[50]
    request = RequestFactory().get("/api/v1/jobs/")
    return urlsplit(paging._address(request, tenant.pk, paging.NEXT, before, "created_at"))._replace(scheme="", netloc="").geturl()
