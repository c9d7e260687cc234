"""What an SMTP reply means for one message: RFC 5321 gives the first digit, RFC 3463 the code in the text. Words count least."""

from __future__ import annotations

import re

from reports.delivery.channel import NotSent, OurFault, Refused, TryLater
from tenants.secrets import storable

ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
NO_SUCH_ADDRESS = re.compile(
    r"user (is )?(unknown|not found)|unknown (user|recipient|mailbox)|no such (user|recipient|mailbox|address|person)"
    r"|(user|recipient|mailbox|address|account) (does not|doesn't|did not) exist|invalid (recipient|mailbox)|no mailbox here",
    re.IGNORECASE,
)
FULL = re.compile(r"(mailbox|quota|storage).{0,40}(full|exceeded)|over quota", re.IGNORECASE)
# Enhanced code without its class -> our code. Those of BOUNCED say that the address itself is no good.
SUBJECTS = {
    "1.1": "no_such_address",
    "1.2": "no_such_domain",
    "1.3": "no_such_address",
    "1.6": "no_such_address",
    "1.10": "no_such_domain",
    "2.1": "mailbox_off",
    "2.2": "mailbox_full",
    "2.3": "too_large",
    "3.4": "too_large",
}
BOUNCED = {"no_such_address", "no_such_domain", "mailbox_off"}
NEEDS_LOGIN = 530
MAILBOX_UNAVAILABLE = (550, 551, 553)
EXCEEDS_STORAGE = (452, 552)


def about_recipient(code: int, text: str) -> NotSent:
    """A refusal of RCPT, of DATA, or of the message: about this message to this recipient."""
    answer = said(code, text)
    if code == NEEDS_LOGIN:
        return OurFault("login_refused", answer)
    kind = kind_of(code, text)
    if code < 500:
        return TryLater("mailbox_full" if kind == "mailbox_full" else "asked_to_wait", answer)
    return Refused(kind or "not_accepted", answer, bounced=kind in BOUNCED)


def about_us(code: int, text: str, fault: str) -> NotSent:
    """A refusal before any recipient was named: whoever was to get it had no part in it."""
    answer = said(code, text)
    if code < 500:
        return TryLater("asked_to_wait", answer)
    return Refused("too_large", answer) if kind_of(code, text) == "too_large" else OurFault(fault, answer)


def kind_of(code: int, text: str) -> str:
    """As in failures.py; empty: neither code nor words say what it was."""
    enhanced = ENHANCED.search(text)
    if enhanced:
        return SUBJECTS.get(enhanced[1][2:], "")
    if code in EXCEEDS_STORAGE or FULL.search(text):
        return "mailbox_full" if FULL.search(text) else ""
    return "no_such_address" if code in MAILBOX_UNAVAILABLE and NO_SUCH_ADDRESS.search(text) else ""


def said(code: int, text: str) -> str:
    return f"{code} {' '.join(storable(text).split())}"[:500]
