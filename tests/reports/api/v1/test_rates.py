"""How fast a key may ask. The bucket's own arithmetic is in tests/portal/test_cache.py."""

from __future__ import annotations

import threading
import time

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from reports.api import rates
from tenants import keys
from tenants.audit import Actor
from tenants.scope import tenant_scope
from tests.factories import make_api_key, make_tenant
from tests.redis_server import needs_redis, redis_server
from tests.reports.api.conftest import OlderClient
from tests.reports.api.v1.conftest import ME, V1Client, code
from tests.reports.api.v1.test_problems import with_things

__all__ = ["redis_server", "with_things"]


def use_up(rate, whose):
    """For hours: what it holds is given out one an hour meanwhile."""
    for _ in range(rate.burst):
        cache.take(f"rate:{rate.name}:{whose}", 3600, 3600 * rate.burst)


def family(tenant, secret):
    return keys_of(tenant)[secret[-4:]]


def keys_of(tenant):
    with tenant_scope(tenant):
        return {key.hint: key.family for key in tenant.api_keys.all()}


def test_answers_tell_what_is_left(acme_v1):
    first, second = acme_v1.get(), acme_v1.get()

    assert first["RateLimit-Policy"] == '"key";q=600;w=60, "tenant";q=1800;w=60'
    assert first["RateLimit"] == '"key";r=59;t=1, "tenant";r=179;t=1'
    assert second["RateLimit"].startswith('"key";r=5')


def test_writing_has_a_rate_of_its_own(acme_v1, with_things):
    response = acme_v1.call("POST", "/api/v1/things/x/", {})

    assert '"writes";q=120;w=60' in response["RateLimit-Policy"]


def test_who_outruns_a_rate_is_told_when_to_come_back(acme, acme_v1):
    use_up(rates.KEY, family(acme, acme_v1.key))

    response = acme_v1.get()

    assert code(response) == (429, "rate_limited")
    assert response["Retry-After"].isdigit()
    assert int(response["Retry-After"]) >= 1
    assert response["RateLimit"].startswith('"key";r=0;')


def test_writes_are_refused_while_reading_goes_on(acme, acme_v1, with_things):
    use_up(rates.WRITES, family(acme, acme_v1.key))

    assert code(acme_v1.call("POST", "/api/v1/things/x/", {})) == (429, "rate_limited")
    assert acme_v1.get().status_code == 200


def test_refused_requests_count_too(acme):
    key, secret = make_api_key(tenant=acme)

    response = V1Client(secret).get(f"{ME}?x=1")
    use_up(rates.KEY, key.family)

    assert code(response) == (400, "invalid_request")
    assert response["RateLimit"].startswith('"key";r=59;')
    assert code(V1Client(secret).get(f"{ME}?x=1")) == (429, "rate_limited")


def test_a_flood_by_one_company_delays_no_other(acme, acme_v1, globex_v1):
    use_up(rates.TENANT, acme.pk)

    assert code(acme_v1.get()) == (429, "rate_limited")
    assert globex_v1.get().status_code == 200


def test_a_key_that_outruns_its_rate_leaves_its_companys_to_the_others(acme):
    loud, quiet = (make_api_key(tenant=acme, name=name) for name in ("loud", "quiet"))
    use_up(rates.KEY, loud[0].family)

    for _ in range(rates.TENANT.burst + 20):
        assert V1Client(loud[1]).get().status_code == 429

    assert V1Client(quiet[1]).get().status_code == 200


def test_a_replaced_key_brings_no_second_rate(acme, adam):
    now = timezone.now()
    with tenant_scope(acme):
        first = keys.create(acme, adam, Actor(adam.email), keys.Wanted("crm", ["jobs:read"]), now=now)
        second = keys.rotate(first.key, adam, Actor(adam.email), now=now)
    use_up(rates.KEY, first.key.family)

    assert [code(V1Client(made.secret).get()) for made in (first, second)] == [(429, "rate_limited")] * 2


def test_an_unknown_key_is_counted_for_nobody(acme, acme_v1):
    for _ in range(rates.KEY.burst + 5):
        assert V1Client("x" * 60).get().status_code == 401

    assert acme_v1.get().status_code == 200


def test_the_older_api_has_its_own_and_says_so_in_its_own_words(acme):
    key, secret = make_api_key(tenant=acme)
    assert OlderClient(secret).get()[0] == 200
    use_up(rates.OLDER, key.family)

    status, body = OlderClient(secret).get()
    response = OlderClient(secret).http.get("/qs-anonymous-snapshot", headers={"x-api-key": secret})

    assert (status, body) == (429, {"message": "Too Many Requests"})
    assert response["Retry-After"].isdigit()
    assert V1Client(secret).get().status_code == 200


@pytest.fixture
def no_cache(settings, acme):
    """A Redis that is not there: nothing listens at the discard port."""
    settings.CACHES = {"default": {"BACKEND": "portal.cache.CountingRedis", "LOCATION": "redis://127.0.0.1:9/0"}}


def test_without_the_cache_reading_goes_on_and_creating_waits(acme_v1, no_cache, with_things):
    read = acme_v1.get()
    written = acme_v1.call("POST", "/api/v1/things/x/", {})

    assert read.status_code == 200
    assert "RateLimit" not in read
    assert code(written) == (503, "unavailable")
    assert written["Retry-After"] == "5"


def test_without_the_cache_the_older_api_reads_on_too(acme, no_cache):
    client = OlderClient(make_api_key(tenant=acme)[1])

    assert client.get()[0] == 200
    assert client.submit() == (503, {"message": "Service Unavailable"})


@needs_redis
def test_redis_counts_alike(acme, acme_v1, settings, redis_server):
    settings.CACHES = {"default": {"BACKEND": "portal.cache.CountingRedis", "LOCATION": redis_server.environment["CACHE_URL"]}}

    answers = [acme_v1.get() for _ in range(2)]
    use_up(rates.KEY, family(acme, acme_v1.key))

    assert answers[0]["RateLimit"] == '"key";r=59;t=1, "tenant";r=179;t=1'
    assert code(acme_v1.get()) == (429, "rate_limited")


@pytest.mark.django_db(transaction=True)
def test_of_those_who_ask_at_once_no_more_get_through_than_may():
    tenant = make_tenant()
    _, secret = make_api_key(tenant=tenant)
    start, statuses = threading.Barrier(8), []

    def ask():
        start.wait()
        statuses.extend(V1Client(secret).get().status_code for _ in range(40))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    came_back = (time.monotonic() - began) / rates.KEY.step
    assert set(statuses) <= {200, 429}
    assert rates.KEY.burst <= statuses.count(200) <= rates.KEY.burst + came_back + 1
