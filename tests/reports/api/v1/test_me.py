from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from tenants.models import Membership
from tenants.scope import tenant_scope
from tests.factories import make_api_key, make_tenant
from tests.reports.api.v1.conftest import V1Client


def test_me_tells_whose_key_it_is_and_what_it_may_do(acme):
    ends = timezone.now() + timedelta(days=30)
    key, secret = make_api_key(tenant=acme, name="data-lake", scopes=("jobs:write", "usage:read"), expires_at=ends)

    body = V1Client(secret).get().json()

    server_time = body["server_time"]
    assert body == {
        "tenant": {"slug": "acme", "name": "Acme Hotels", "timezone": "UTC"},
        "key": {
            "name": "data-lake",
            "hint": f"…{key.hint}",
            "scopes": ["jobs:read", "jobs:write", "usage:read"],
            "expires_at": ends.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "last_used_at": None,
        },
        "limits": {"requests_per_minute": 600, "jobs_per_day": None, "waiting_jobs": None},
        "server_time": server_time,
    }
    assert abs(parse_datetime(server_time) - timezone.now()) < timedelta(minutes=1)


def test_it_tells_the_companys_own_limits_and_the_last_use_before_this_one():
    tenant = make_tenant(jobs_per_day=2000, max_waiting=500)
    client = V1Client(make_api_key(tenant=tenant)[1])
    client.get()

    body = client.get().json()

    assert body["limits"] == {"requests_per_minute": 600, "jobs_per_day": 2000, "waiting_jobs": 500}
    assert body["key"]["last_used_at"].endswith("Z")


def test_the_scopes_are_those_of_this_moment(acme, adam):
    client = V1Client(make_api_key(tenant=acme, created_by=adam)[1])
    with tenant_scope(acme):
        Membership.objects.filter(user=adam).update(role="viewer")

    assert client.get().json()["key"]["scopes"] == ["jobs:read"]


def test_any_key_may_ask_with_and_without_the_last_slash_and_by_head(acme):
    client = V1Client(make_api_key(tenant=acme, scopes=("usage:read",))[1])

    answers = [client.get("/api/v1/me/"), client.get("/api/v1/me"), client.call("HEAD")]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[2].content == b""
