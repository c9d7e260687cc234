from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from reports import tasks
from reports.models import Process
from tenants.scope import engine_scope
from tests.reports.alarms.conftest import mail, receiver

__all__ = ["mail", "receiver"]


@pytest.fixture
def worker() -> None:
    """As if one had beaten a moment ago and everything stood by."""
    for cluster in tasks.CLUSTERS:
        tasks.beat(cluster)
    with engine_scope():
        for number, name in enumerate(tasks.STANDS):
            Process.objects.create(worker="test", pid=number, host="test", doing=f"stand {name}", worked_at=Now() + timedelta(hours=1))


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path) -> None:
    settings.STATE_DIR = tmp_path
