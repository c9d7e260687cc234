"""Cache and queue in Redis, as compose.yaml runs them."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import redis
from django.core.cache import cache

from tests.pretend_aws import ROOT
from tests.reports.engine import steps
from tests.reports.engine.conftest import account, aws, daily_calls, server
from tests.reports.engine.worker import environment_of, running_worker, wait_for

__all__ = ["account", "aws", "daily_calls", "server"]
SERVER = shutil.which("redis-server")
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(SERVER is None, reason="redis-server is not installed: apt-get install redis-server"),
]


@pytest.fixture
def redis_url(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [SERVER, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
    client = redis.Redis(port=port)
    try:
        wait_for(lambda: _answers(client), 10, "Redis answers")
        yield f"redis://127.0.0.1:{port}"
    finally:
        client.close()
        process.terminate()
        process.wait(timeout=10)


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def test_a_worker_works_with_cache_and_queue_in_redis(redis_url, aws, account, acme, daily_calls, database_env, tmp_path):
    ours = {"CACHE_URL": f"{redis_url}/0", "PORTAL_BROKER": f"{redis_url}/1", "PORTAL_BASE_URL": "https://portal.example"}
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


def test_emptying_the_cache_leaves_the_messages(redis_url, settings):
    with redis.Redis.from_url(f"{redis_url}/1") as queue:
        queue.rpush("django_q:portal:q", "a message")
        settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": f"{redis_url}/0"}}
        cache.set("key", "value")
        cache.clear()

        assert cache.get("key") is None
        assert queue.llen("django_q:portal:q") == 1
