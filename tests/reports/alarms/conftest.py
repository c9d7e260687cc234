from __future__ import annotations

from collections.abc import Iterator

import pytest

from reports.alarms import telling
from tests.smtp import SmtpServer
from tests.webhook import Receiver


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    with Receiver() as running:
        settings.PORTAL_ALERT_WEBHOOK = running.url
        yield running
        running.heal()
        _wait_for_threads()


@pytest.fixture
def mail(settings) -> Iterator[SmtpServer]:
    with SmtpServer() as running:
        settings.EMAIL_URL = running.url(**{"from": "reports@mail.example"})
        yield running
        running.heal()
        _wait_for_threads()


def _wait_for_threads() -> None:
    for thread in list(telling._busy.values()):
        thread.join(40)
        assert not thread.is_alive()
