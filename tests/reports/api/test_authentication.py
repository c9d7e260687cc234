from __future__ import annotations

import pytest
from django.test import RequestFactory
from django.utils import timezone

from reports.models import SnapshotJob
from tenants.audit import client_ip
from tenants.key_use import look_up
from tenants.models import ApiKey, ApiKeyIndex
from tenants.scope import tenant_scope
from tenants.secrets import secret_hash
from tests.factories import make_api_key
from tests.reports.api.conftest import OlderClient

FORBIDDEN = (403, {"message": "Forbidden"})


def last_use(key: ApiKey):
    with tenant_scope(key.tenant):
        return ApiKey.objects.get(pk=key.pk).last_used_at


@pytest.mark.parametrize("secret", ["", "short", "fan_AAAAAAAA_" + "x" * 43, "ÄÖÜ" * 20])
@pytest.mark.parametrize("call", [("GET", ""), ("POST", ""), ("GET", "/describe_job/daily-calls/1"), ("DELETE", "/daily-calls/1")])
def test_a_missing_or_wrong_key_is_forbidden(acme, secret, call):
    client = OlderClient(secret)

    assert client.call(*call) == FORBIDDEN


def test_a_revoked_key_is_forbidden_at_once(acme):
    key, secret = make_api_key(tenant=acme)
    client = OlderClient(secret)
    assert client.get()[0] == 200

    with tenant_scope(acme):
        ApiKey.objects.filter(pk=key.pk).update(revoked_at=timezone.now())

    assert client.get() == FORBIDDEN


def test_a_key_of_the_platforms_own_choosing_opens_its_tenant_only(acme, globex):
    secrets = {tenant: f"{tenant.slug}-key-that-an-older-client-holds" for tenant in (acme, globex)}
    for tenant, secret in secrets.items():
        with tenant_scope(tenant):
            key = ApiKey.objects.create(tenant=tenant, name="old", scopes=["jobs:read"], sha256=secret_hash(secret), hint="olds")
            ApiKeyIndex.objects.create(sha256=key.sha256, tenant=tenant, key=key)

    found = {tenant: look_up(secret, timezone.now(), None).key.tenant for tenant, secret in secrets.items()}

    assert found == {acme: acme, globex: globex}


def test_a_key_without_the_scope_is_told_which_one_it_lacks(acme, daily_calls):
    reader = OlderClient(make_api_key(tenant=acme, name="reader", scopes=("jobs:read",))[1])
    other = OlderClient(make_api_key(tenant=acme, name="other", scopes=("usage:read",))[1])

    assert reader.get()[0] == 200
    assert reader.submit() == (403, {"error": "This key lacks the scope jobs:write.", "code": "missing_scope"})
    assert other.get() == (403, {"error": "This key lacks the scope jobs:read.", "code": "missing_scope"})
    with tenant_scope(acme):
        assert not SnapshotJob.objects.exists()


def test_writing_includes_reading(acme):
    writer = OlderClient(make_api_key(tenant=acme, scopes=("jobs:write",))[1])

    assert writer.get()[0] == 200


def test_a_use_is_noted_even_when_the_request_is_refused(acme):
    key, secret = make_api_key(tenant=acme)

    assert OlderClient(secret).submit(format="DOC")[0] == 400

    assert last_use(key) is not None


@pytest.mark.parametrize(
    ("hops", "forwarded", "address"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "10.9.9.9, 203.0.113.9", "203.0.113.9"),
        (2, "203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "127.0.0.1"),
        (1, "nonsense", None),
    ],
)
def test_an_address_is_believed_only_from_a_trusted_proxy(settings, hops, forwarded, address):
    settings.TRUSTED_PROXY_HOPS = hops

    assert client_ip(RequestFactory().get("/", headers={"X-Forwarded-For": forwarded})) == address
