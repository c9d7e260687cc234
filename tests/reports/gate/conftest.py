from __future__ import annotations

import pytest

from tests import factories
from tests.reports.engine.conftest import aws, new_clients, server

__all__ = ["aws", "new_clients", "server"]


@pytest.fixture
def report(acme):
    report = factories.make_report(slug="daily-calls", name="Daily call volume")
    factories.make_grant(tenant=acme, report=report)
    return report


@pytest.fixture
def schedule(acme, report, olga):
    """Holds what looks unusual."""
    return factories.make_schedule(tenant=acme, report=report, slug="weekdays", release="if_usual", must_contain="Acme Hotels")


@pytest.fixture
def by_hand(acme, report, olga):
    return factories.make_schedule(tenant=acme, report=report, slug="by-hand", release="by_hand")


@pytest.fixture
def at_once(acme, report):
    return factories.make_schedule(tenant=acme, report=report, slug="at-once")
