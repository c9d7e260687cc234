from __future__ import annotations

import pytest
from django.utils import timezone

from tests import factories
from tests.reports.delivery import steps
from tests.reports.engine.conftest import aws, new_clients, server
from tests.smtp import SmtpServer

__all__ = ["aws", "new_clients", "server"]


@pytest.fixture
def smtp(settings):
    """A mail server that works, and this process pointed at it."""
    with SmtpServer() as running:
        settings.EMAIL_URL = steps.url_of(running)
        yield running
        running.heal()
        steps.wait_until_nothing_is_carried()


@pytest.fixture
def report(acme, globex):
    return factories.make_report(slug="daily-calls", name="Daily call volume")


@pytest.fixture
def schedule(acme, report):
    factories.make_grant(tenant=acme, report=report)
    return factories.make_schedule(tenant=acme, report=report)


@pytest.fixture
def occurrence(schedule):
    return factories.make_occurrence(schedule=schedule, status="running", expanded_at=timezone.now())


@pytest.fixture
def job(acme, report, occurrence):
    """Its file is there, so what is to be delivered of it may go."""
    job = factories.make_job(tenant=acme, report=report, status="completed", occurrence=occurrence)
    factories.make_file(job=job)
    return job
