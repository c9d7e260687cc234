from __future__ import annotations

from tests.reports.engine.conftest import account, aws, daily_calls, new_clients, server

__all__ = ["account", "aws", "daily_calls", "new_clients", "server"]
