from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests import factories

# Each of these keys narrows the rows; every company sees only its own in any case.
NARROWED = [
    {
        "dataset": "calls",
        "enabled": True,
        "rules": [{"key": "tenant_id", "delimiter": ",", "match_all": "*"}, {"key": "desk", "delimiter": ",", "match_all": ""}],
        "groups": [["tenant_id"], ["tenant_id", "desk"]],
    }
]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def report(acme):
    report = factories.make_report(slug="daily-calls", name="Daily call volume", row_rules=NARROWED, parameters=[])
    factories.make_grant(tenant=acme, report=report)
    return report


@pytest.fixture
def monday() -> datetime:
    """When the schedules of these tests are due: 07:30 in Berlin."""
    return datetime(2026, 3, 2, 6, 30, tzinfo=UTC)


@pytest.fixture
def schedule(acme, report, monday):
    return factories.make_schedule(tenant=acme, report=report, slug="weekdays", timezone="Europe/Berlin", next_run_at=monday)
