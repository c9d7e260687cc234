"""Over the API: what a company used in a month, and how much of its limits."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from reports import usage
from reports.models import DailyUsage
from tenants.scope import tenant_scope
from tests.factories import make_api_key, make_job, make_tenant
from tests.reports.api.v1.conftest import V1Client, code

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/usage/"


@pytest.fixture
def harbour():
    return make_tenant(slug="harbour", timezone="Europe/Berlin", jobs_per_day=2000, max_waiting=500)


@pytest.fixture
def client(harbour) -> V1Client:
    return V1Client(make_api_key(tenant=harbour, scopes=("usage:read",))[1])


def counted(tenant, day: date, **numbers: int) -> None:
    with tenant_scope(tenant):
        DailyUsage.objects.create(tenant=tenant, day=day, recounted_at=timezone.now(), **numbers)


def test_a_months_days_are_added_up(client, harbour):
    counted(harbour, date(2025, 3, 1), jobs=2, completed=1, failed=1, report_units=3, files_bytes=10, downloads=4, stored_bytes=9)
    counted(harbour, date(2025, 3, 31), jobs=3, completed=3, report_units=1, files_bytes=20, deliveries=5, stored_bytes=7)
    counted(harbour, date(2025, 4, 1), jobs=100)

    body = client.get(ADDRESS + "?period=2025-03").json()

    assert body == {
        "period": "2025-03",
        "jobs": 5,
        "completed": 4,
        "failed": 1,
        "report_units": 4,
        "files_bytes": 30,
        "downloads": 4,
        "deliveries": 5,
        "stored_bytes": 7,
        "counted_at": body["counted_at"],
        "quotas": [],
    }


def test_this_month_comes_with_what_the_limits_have_left(client, harbour):
    today = usage.day_of(harbour, timezone.now())
    counted(harbour, today, jobs=41)
    make_job(tenant=harbour)

    body = client.get(ADDRESS).json()

    quotas = {quota["name"]: quota for quota in body["quotas"]}
    assert body["period"] == f"{today:%Y-%m}"
    assert client.get(f"{ADDRESS}?period={today:%Y-%m}").json() == body
    assert list(quotas) == ["jobs_per_day", "waiting_jobs", "recipients", "storage_bytes"]
    assert (quotas["jobs_per_day"]["used"], quotas["jobs_per_day"]["limit"]) == (41, 2000)
    assert quotas["jobs_per_day"]["resets_at"] == usage.ends_at(harbour, today).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert quotas["waiting_jobs"] == {"name": "waiting_jobs", "used": 1, "limit": 500, "resets_at": None}
    assert quotas["recipients"]["limit"] is None


def test_a_month_of_which_nothing_is_known_is_empty(client):
    body = client.get(ADDRESS + "?period=2099-12").json()

    assert (body["jobs"], body["counted_at"], body["quotas"]) == (0, None, [])


def test_another_companys_use_is_not_in_it(client, harbour):
    counted(make_tenant(), usage.day_of(harbour, timezone.now()) - timedelta(days=0), jobs=3)

    assert client.get(ADDRESS).json()["jobs"] == 0


@pytest.mark.parametrize(
    "period", ["", "2026", "2026-13", "2026-00", "2026-1", "1999-12", "2026-11-01", " 2026-11", "2026-11%0A", "٢٠٢٦-11", "x"]
)
def test_what_is_no_month_is_400(client, period):
    answer = client.get(f"{ADDRESS}?period={period}")

    assert code(answer) == (400, "invalid_request")
    assert [(place["parameter"], place["code"]) for place in answer.json()["errors"]] == [("period", "invalid")]


def test_it_has_a_scope_of_its_own(harbour):
    other = V1Client(make_api_key(tenant=harbour, name="other", scopes=("jobs:write",))[1])

    assert code(other.get(ADDRESS)) == (403, "missing_scope")


def test_it_takes_the_same_queries_however_much_was_used(client, harbour, django_assert_max_num_queries):
    client.get(ADDRESS)

    with django_assert_max_num_queries(30) as first:
        client.get(ADDRESS)
    for day in range(1, 29):
        counted(harbour, usage.day_of(harbour, timezone.now()).replace(day=day), jobs=1)
    with django_assert_max_num_queries(len(first)):
        client.get(ADDRESS)
