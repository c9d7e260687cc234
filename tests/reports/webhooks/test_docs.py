"""The receiver in docs/webhooks.md does what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError

from reports.models import Event
from reports.outbound import errors
from reports.webhooks import replaying, secrets
from reports.webhooks.reasons import CAUSES
from tenants.audit import Actor
from tenants.scope import tenant_scope
from tests.reports.webhooks import steps

PAGE = (Path(__file__).parents[3] / "docs/webhooks.md").read_text()
pytestmark = pytest.mark.django_db


def test_the_receiver_of_the_page_takes_an_event_once_and_nothing_forged(acme, receiver, webhook, now):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code.replace("whsec_…", secrets.read(webhook)), names)
    event = steps.happen(acme)
    steps.send_all()
    with tenant_scope(acme):
        replaying.replay(steps.deliveries(acme)[0], Actor("olga@acme.example"), now=event.created_at)
    steps.send_all()
    first, again = receiver.received

    taken = names["receive"](first.headers, first.body)

    assert taken["id"] == str(event.pk)
    assert names["receive"](again.headers, again.body) is None
    with pytest.raises(WebhookVerificationError):
        names["receive"](first.headers, first.body.replace(b"acme", b"evil"))


@pytest.mark.parametrize("type", Event.Type.values)
def test_every_event_is_on_the_page(type):
    assert f"`{type}`" in PAGE


def test_every_way_to_fail_has_words():
    codes = {error.code for error in errors.NotCalled.__subclasses__()}
    assert codes <= set(CAUSES)
