"""Messages into chats: what Slack and Teams are sent, what of it is markup, and what becomes of each answer."""

from __future__ import annotations

import json
import uuid
from urllib.parse import urlsplit

import pytest

from reports.delivery.channel import ChatMessage, Refused, Stops, TryLater
from reports.delivery.chat import Chat, check_url
from reports.refused import Refused as Forbidden
from tests.reports.webhooks.conftest import receiver

__all__ = ["receiver"]
URL = "https://reports.anycompany.example/d/acme/abc"
NASTY = "<!channel> *Sales* & <https://evil.example|click> [a](https://evil.example) <at>everyone</at>"


def message(title="Sales", lines=("22 November 2026", "PDF")) -> ChatMessage:
    return ChatMessage(uuid.uuid4(), title, list(lines), URL, "Open the report")


def sent(receiver, kind, one) -> dict:
    Chat(kind, receiver.url).send(one)
    return json.loads(receiver.received[-1].body)


def texts(value):
    """Each text under a name that clients draw."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from [part] if name in ("text", "title") and isinstance(part, str) else texts(part)
    if isinstance(value, list):
        for part in value:
            yield from texts(part)


def test_slack_gets_blocks_of_plain_text_and_one_link(receiver):
    body = sent(receiver, "slack", message())

    assert body["text"] == "Sales"
    assert [block["type"] for block in body["blocks"]] == ["header", "section", "section", "section"]
    assert body["blocks"][-1]["text"] == {"type": "mrkdwn", "text": f"<{URL}|Open the report>", "verbatim": True}
    assert {block["text"]["type"] for block in body["blocks"][:-1]} == {"plain_text"}


def test_teams_gets_an_adaptive_card_with_a_button(receiver):
    body = sent(receiver, "teams", message())

    (attachment,) = body["attachments"]
    assert (body["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    assert attachment["content"]["type"] == "AdaptiveCard"
    assert attachment["content"]["actions"] == [{"type": "Action.OpenUrl", "title": "Open the report", "url": URL}]


def test_a_reports_name_mentions_nobody_and_links_nowhere(receiver):
    slack = sent(receiver, "slack", message(NASTY, [NASTY]))
    teams = sent(receiver, "teams", message(NASTY, [NASTY]))

    assert "<" not in slack["text"]
    assert [block["text"]["type"] for block in slack["blocks"]] == ["plain_text", "plain_text", "mrkdwn"]
    for text in texts(teams["attachments"][0]["content"]["body"]):
        assert "](" not in text
        assert "<at>" not in text


def test_a_long_text_is_cut(receiver):
    body = sent(receiver, "slack", message("x" * 1000, ["y" * 5000] * 50))

    assert len(body["blocks"][0]["text"]["text"]) == 150
    assert len(body["blocks"]) == 12


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (404, Stops, "chat_gone"),
        (410, Stops, "chat_gone"),
        (403, Stops, "chat_forbidden"),
        (429, TryLater, "asked_to_wait_there"),
        (500, TryLater, "server_failed"),
        (302, Refused, "not_taken_there"),
        (400, Refused, "not_taken_there"),
    ],
)
def test_each_answer_has_its_end(receiver, status, kind, code):
    receiver.answers(status)

    with pytest.raises(kind) as caught:
        Chat("slack", receiver.url).send(message())

    assert (type(caught.value), caught.value.code, caught.value.answer) == (kind, code, f"HTTP {status}")


def test_who_does_not_listen_is_tried_later_and_the_secret_is_in_no_error(receiver):
    receiver.refuse()

    with pytest.raises(TryLater) as caught:
        Chat("slack", receiver.url).send(message())

    assert caught.value.code == "server_unreachable"
    assert "the-secret" not in f"{caught.value!r} {caught.value.answer}"


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("slack", "https://hooks.slack.com/services/T0/B0/x"),
        ("teams", "https://942ead.4a.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/x/triggers/manual"),
        ("teams", "https://prod-23.westeurope.logic.azure.com:443/workflows/x/triggers/manual/paths/invoke?sig=x"),
    ],
)
def test_webhooks_of_chats_are_let_in(kind, url, monkeypatch):
    asked = []
    monkeypatch.setattr("reports.outbound.addresses.ask_system", lambda host, port: asked.append((host, port)) or ["34.226.14.10"])

    check_url(kind, url)

    # Its host was let in, and its address looked at.
    assert asked == [(urlsplit(url).hostname, 443)]


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("slack", "https://hooks.slack.com.evil.example/services/x"),
        ("slack", "https://evil-hooks.slack.com/services/x"),
        ("teams", "https://environment.api.powerplatform.com.evil.example/x"),
        ("teams", "https://logic.azure.com/x"),
        ("teams", "https://acme.webhook.office.com/webhookb2/x"),
        ("slack", "https://hooks.slack.com:8443/services/x"),
    ],
)
def test_other_hosts_are_not(kind, url, monkeypatch):
    monkeypatch.setattr("reports.outbound.addresses.ask_system", lambda host, port: ["34.226.14.10"])

    with pytest.raises(Forbidden) as caught:
        check_url(kind, url)

    assert caught.value.code == "address_refused"
