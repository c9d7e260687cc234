"""What the pages of webhooks need: hosts and events in words, how each state looks, why something was not taken."""

from __future__ import annotations

from django import template

from portal import status, webhook_words
from reports.webhooks import making, reasons

register = template.Library()
register.filter("host", making.host)
register.filter("event_words", webhook_words.events)
register.filter("answer_words", webhook_words.answer)
register.filter("webhook_look", status.of_webhook)
register.filter("message_look", status.of_message)
register.filter("cause", reasons.cause_of)
register.filter("why_disabled", reasons.why_disabled)
