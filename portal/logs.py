"""What must not reach a log: link tokens, keys and presigned URLs; and no line break that forges a second entry."""

from __future__ import annotations

import logging
import re

SECRETS = (
    (re.compile(r"(/d/[^/\s]+/)[^\s/\"'?]+"), r"\1[token]"),
    (re.compile(r"(/invitations/[^/\s]+/)[^\s/\"'?]+"), r"\1[token]"),
    (re.compile(r"fan_[A-Z2-7]{8}_[\w-]+"), "fan_[key]"),
    (re.compile(r"(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s\"']+", re.IGNORECASE), r"\1[hidden]"),
)


def without_secrets(text: str) -> str:
    for pattern, replacement in SECRETS:
        text = pattern.sub(replacement, text)
    return text


class HideSecrets(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        hidden = without_secrets(message)
        if hidden != message:
            record.msg, record.args = hidden, ()
        return True


class OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return without_secrets(text) if record.exc_info else text.replace("\r", "\\r").replace("\n", "\\n")
