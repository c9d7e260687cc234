from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.web import Web, running_web
from tests.journeys.steps import SENDER
from tests.reports.engine.conftest import account, aws, daily_calls, new_clients, server
from tests.reports.engine.worker import environment_of

__all__ = ["account", "aws", "daily_calls", "new_clients", "server"]


@pytest.fixture
def environment(aws, database_env, smtp) -> dict[str, str]:
    """For the product's own processes."""
    return environment_of(database_env, aws.environment) | {"EMAIL_URL": smtp.url(**{"from": SENDER, "rate": 100})}


@pytest.fixture
def web(environment, tmp_path: Path, settings, smtp) -> Iterator[Web]:
    """A real web process. What is sent by this process leads to it."""
    with running_web(environment, tmp_path) as web:
        settings.PORTAL_BASE_URL = environment["PORTAL_BASE_URL"] = web.address
        settings.EMAIL_URL = environment["EMAIL_URL"]
        yield web
