"""Cache and queue in Redis, as compose.yaml runs them."""

from __future__ import annotations

import subprocess
import sys

import pytest
import redis
from django.core.cache import cache

from tests.pretend_aws import ROOT
from tests.redis_server import needs_redis, redis_server
from tests.reports.engine import steps
from tests.reports.engine.conftest import account, aws, daily_calls, server
from tests.reports.engine.worker import environment_of, running_worker, wait_for

__all__ = ["account", "aws", "daily_calls", "redis_server", "server"]
pytestmark = [pytest.mark.django_db(transaction=True), needs_redis]


def test_a_worker_works_with_cache_and_queue_in_redis(redis_server, aws, account, acme, daily_calls, database_env, tmp_path):
    ours = redis_server.environment | {"PORTAL_BASE_URL": "https://portal.example"}
    environment = environment_of(database_env, aws.environment) | ours
    job = steps.submit(acme)

    with running_worker(environment, tmp_path / "state"):
        wait_for(lambda: steps.status_of(job) == "completed", 30, "the job completed")
        told = subprocess.run(
            [sys.executable, "manage.py", "doctor"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )

    assert sorted(aws.control.stats()["accepted"].values()) == [1]
    assert "OK cache: keeps what it is given, in Redis." in told.stdout
    assert "OK queue portal: " in told.stdout
    assert [line for line in told.stdout.splitlines() if line.startswith("FAIL")] == []


def test_emptying_the_cache_leaves_the_messages(redis_server, settings):
    with redis.Redis.from_url(redis_server.environment["PORTAL_BROKER"]) as queue:
        queue.rpush("django_q:portal:q", "a message")
        settings.CACHES = {
            "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis_server.environment["CACHE_URL"]}
        }
        cache.set("key", "value")
        cache.clear()

        assert cache.get("key") is None
        assert queue.llen("django_q:portal:q") == 1
