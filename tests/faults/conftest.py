from __future__ import annotations

from tests.faults.carrying import delivery, peer
from tests.reports.engine.conftest import account, aws, daily_calls, new_clients, server

__all__ = ["account", "aws", "daily_calls", "delivery", "new_clients", "peer", "server"]
