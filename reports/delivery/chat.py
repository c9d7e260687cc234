"""A message with a link into a Slack or Teams channel, by its webhook. The URL is a secret: whoever has it may write there."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

from django.utils.translation import gettext as _

from reports.delivery.channel import ChatMessage, NotSent, Refused, Sent, Step, Stops, TryLater
from reports.delivery.failures import cause_of
from reports.models import Destination
from reports.outbound import allowed, posting
from reports.outbound.errors import AddressRefused, Dropped, NotCalled, TimedOut
from reports.refused import Place
from reports.refused import Refused as Forbidden

Kind = Destination.Kind
HEADERS = {"Content-Type": "application/json"}
# Where webhooks of channels live. Teams: those of Workflows; Office 365 connectors were shut down in 2026.
HOSTS = {
    Kind.SLACK: re.compile(r"hooks\.slack\.com|hooks\.slack-gov\.com"),
    Kind.TEAMS: re.compile(r"[a-z0-9.-]+\.(environment\.api\.powerplatform\.com|logic\.azure\.com)"),
}
EXAMPLES = {
    Kind.SLACK: "https://hooks.slack.com/services/…",
    Kind.TEAMS: "https://….environment.api.powerplatform.com/… / https://….logic.azure.com/…",
}
# Of what Slack takes in a section, and Teams in a card (28 KB), with room for what escaping adds.
MOST_TITLE, MOST_LINE, MOST_LINES = 150, 500, 10
CARD = "application/vnd.microsoft.card.adaptive"
# Teams reads Markdown in a card's text; a backslash before a sign makes it plain.
MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!~|<>&@])")


class Chat:
    def __init__(self, kind: str, url: str) -> None:
        self._kind, self._url = Kind(kind), url

    def send(self, message: ChatMessage) -> Sent:
        body = BODIES[self._kind](message)
        try:
            answer = posting.post(self._url, json.dumps(body).encode(), HEADERS)
        except NotCalled as error:
            raise _not_called(error) from error
        if 200 <= answer.status < 300:
            return Sent(str(answer.status))
        raise _refused(answer.status)

    def test(self) -> list[Step]:
        try:
            self.send(_test_message())
        except NotSent as failed:
            said = f" ({failed.answer})" if failed.answer else ""
            return [Step("message", Step.FAILED, f"{cause_of(failed.code).message}{said}")]
        return [Step("message", Step.OK, _("a test message was posted"))]


def check_url(kind: str, url: str, place: tuple[str, ...] = ("secret",)) -> None:
    """For whoever names one. A look-up of its name, so in no transaction. Raises Refused: address_refused."""
    posting.check_url(url, place)
    target = posting.read_target(url)
    if not HOSTS[Kind(kind)].fullmatch(target.host) and not allowed.is_allowed(target.host, target.port):
        detail = _("This is not the address of a webhook of %(kind)s, such as %(example)s.")
        detail %= {"kind": Kind(kind).label, "example": EXAMPLES[Kind(kind)]}
        raise Forbidden("address_refused", detail, (Place(place, "invalid", detail),))


def _slack(message: ChatMessage) -> dict[str, Any]:
    """Plain text where there may be; the link needs Slack's own markup, in which three signs are escaped."""
    title = _short(message.title, MOST_TITLE)
    lines = [{"type": "plain_text", "text": _short(line, MOST_LINE), "emoji": False} for line in message.lines[:MOST_LINES] if line.strip()]
    blocks: list[dict[str, Any]] = [{"type": "header", "text": {"type": "plain_text", "text": title, "emoji": False}}]
    blocks += [{"type": "section", "text": line} for line in lines]
    if message.url:
        link = f"<{_slack_escaped(message.url)}|{_slack_escaped(message.link_text)}>"
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": link, "verbatim": True}})
    # `text` is for notifications; it is read as markup.
    return {"text": _slack_escaped(title), "blocks": blocks, "unfurl_links": False}


def _teams(message: ChatMessage) -> dict[str, Any]:
    texts = [_short(message.title, MOST_TITLE), *(_short(line, MOST_LINE) for line in message.lines[:MOST_LINES] if line.strip())]
    body = [{"type": "TextBlock", "text": MARKDOWN.sub(r"\\\1", text), "wrap": True} for text in texts]
    body[0] |= {"weight": "Bolder", "size": "Medium"}
    card: dict[str, Any] = {"type": "AdaptiveCard", "version": "1.4", "$schema": "http://adaptivecards.io/schemas/adaptive-card.json"}
    card |= {"body": body, "actions": [{"type": "Action.OpenUrl", "title": message.link_text, "url": message.url}] if message.url else []}
    return {"type": "message", "attachments": [{"contentType": CARD, "contentUrl": None, "content": card}]}


BODIES = {Kind.SLACK: _slack, Kind.TEAMS: _teams}


def _slack_escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("|", "¦")


def _short(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _test_message() -> ChatMessage:
    return ChatMessage(
        id=uuid.uuid4(), title=_("Test from Fanfold"), lines=[_("Links to reports will be posted here.")], url="", link_text=""
    )


def _not_called(error: NotCalled) -> NotSent:
    if isinstance(error, AddressRefused):
        return Refused(error.code, str(error))
    code = {"unreachable": "server_unreachable", "no_answer": "server_silent", "dropped": "server_dropped"}.get(error.code, error.code)
    return TryLater(code, str(error), unknown=isinstance(error, TimedOut | Dropped))


def _refused(status: int) -> NotSent:
    answer = f"HTTP {status}"
    if status in (404, 410):
        return Stops("chat_gone", answer)
    if status == 429:
        return TryLater("asked_to_wait_there", answer)
    if status >= 500:
        return TryLater("server_failed", answer, unknown=True)
    if status in (401, 403):
        return Stops("chat_forbidden", answer)
    return Refused("not_taken_there", answer)
