from __future__ import annotations

import pytest

from portal.doctor import examination
from tests.reports.engine.conftest import account, aws, daily_calls, new_clients, server

__all__ = ["account", "aws", "daily_calls", "new_clients", "server"]


@pytest.fixture
def ask():
    """`ask("slots")`: the lines of one check, as they are printed."""
    checks = {check.name: check for check in examination.CHECKS}
    return lambda name: [finding.line(name) for finding in examination.ask(checks[name])]
