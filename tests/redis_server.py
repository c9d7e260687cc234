"""A real redis-server of the tests' own, which can go away, come back empty, and be emptied."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

SERVER = shutil.which("redis-server")
needs_redis = pytest.mark.skipif(SERVER is None, reason="redis-server is not installed: apt-get install redis-server")
START_SECONDS = 10


class RedisServer:
    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._folder = folder
        self.client = redis.Redis(port=self.port)
        self.start()

    @property
    def environment(self) -> dict[str, str]:
        """Cache and queue, as compose.yaml has them."""
        return {"CACHE_URL": f"redis://127.0.0.1:{self.port}/0", "PORTAL_BROKER": f"redis://127.0.0.1:{self.port}/1"}

    def start(self) -> None:
        command = [str(SERVER), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(command, cwd=self._folder, stdout=subprocess.DEVNULL)
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            assert time.monotonic() < end, "Redis does not answer"
            time.sleep(0.05)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(timeout=10)

    def wipe(self) -> None:
        self.client.flushall()

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:
            return False


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    yield server
    server.client.close()
    server.stop()
