from __future__ import annotations

import pytest

from reports.models import Report
from tenants.models import Tenant
from tests.tenants.rows import fill


@pytest.fixture
def filled(acme: Tenant, globex: Tenant, daily_calls: Report) -> None:
    """Both tenants have at least one row in every tenant table."""
    for tenant in (acme, globex):
        fill(tenant, daily_calls)
