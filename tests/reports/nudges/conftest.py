from __future__ import annotations

import pytest

from tests.reports.delivery import steps


@pytest.fixture
def smtp_like(smtp, settings):
    """A mail server that works, and this process pointed at it."""
    settings.EMAIL_URL = steps.url_of(smtp)
    return smtp
