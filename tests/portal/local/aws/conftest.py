from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.pretend_aws import Server, start_server


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One process for all tests here; `aws` is how a test gets it clean."""
    server = start_server(tmp_path_factory.mktemp("aws"), job_seconds=0.1, requests_per_second=500)
    yield server
    server.stop()


@pytest.fixture
def aws(running: Server) -> Server:
    running.control.reset()
    return running


@pytest.fixture(scope="session")
def shared_quicksight(running: Server) -> Any:
    return running.client("quicksight")


@pytest.fixture
def quicksight(aws: Server, shared_quicksight: Any) -> Any:
    return shared_quicksight


@pytest.fixture(scope="session")
def shared_s3(running: Server) -> Any:
    return running.client("s3")


@pytest.fixture
def s3(aws: Server, shared_s3: Any) -> Any:
    return shared_s3
