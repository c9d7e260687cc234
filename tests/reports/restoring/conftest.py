from __future__ import annotations

import pytest

from tests.reports.engine.conftest import account, aws, daily_calls, new_clients, server
from tests.reports.restoring import steps

__all__ = ["account", "aws", "daily_calls", "new_clients", "server"]


@pytest.fixture
def schedule(acme, daily_calls, restart):
    """Every minute; it was due an hour ago when the backup was made."""
    return steps.make_schedule(acme, daily_calls)


@pytest.fixture
def restart(monkeypatch):
    """What this process compared before is forgotten, as after a start of the worker."""
    forget = steps.forget_what_was_compared(monkeypatch)
    forget()
    return forget
