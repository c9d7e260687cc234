from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import factories
from tests.reports.webhooks import steps
from tests.webhook import Receiver


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    """One that works, at an address which the operator allows."""
    with Receiver() as running:
        settings.PORTAL_OUTBOUND_ALLOW = [f"127.0.0.1:{running.port}"]
        yield running
        running.heal()
        steps.wait_until_nothing_is_posted()


@pytest.fixture
def webhook(acme, receiver):
    return factories.make_webhook(tenant=acme, url=receiver.url)
