"""How the log is written: one JSON object a line, with the ids of request, tenant and job, and without what must not reach a log.

A terminal gets the same as plain lines. Web server, queue and commands use this one form; portal/gunicorn.py hands it to gunicorn.
"""

from __future__ import annotations

import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from portal.env import env_str
from tenants import log_context

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
SECRETS = (
    (re.compile(r"(/[adu]/[^/\s]+/)[^\s/\"'?]+", re.IGNORECASE), r"\1[token]"),
    (re.compile(r"(/invitations/[^/\s]+/)[^\s/\"'?]+"), r"\1[token]"),
    (re.compile(r"(/accounts/password/reset/key/)[^\s/\"'?]+"), r"\1[token]"),
    (re.compile(r"fan_[A-Z2-7]{8}_[\w-]+"), "fan_[key]"),
    (re.compile(r"(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s\"']+", re.IGNORECASE), r"\1[hidden]"),
)
# Django hangs the whole request, with its cookies, and a socket onto some records.
NOT_WRITTEN = [*RESERVED_ATTRS, "request", "color_message"]


def logging_settings() -> dict[str, Any]:
    """For logging.config.dictConfig. LOG_LEVEL is the level of everything that has none of its own."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonLine}, "plain": {"()": PlainLine}},
        "filters": {"refusals": {"()": RefusalsInOneLine}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "plain" if sys.stderr.isatty() else "json", "filters": ["refusals"]}
        },
        "root": {"handlers": ["stderr"], "level": log_level()},
        "loggers": {
            # These bring handlers of their own, unless somebody says otherwise.
            **{name: {"handlers": ["stderr"], "propagate": False} for name in ("django.server", "gunicorn.error")},
            # A line for each request is written by portal/middleware.py. gunicorn writes its own as soon as it is given this dictionary.
            "gunicorn.access": {"handlers": [], "propagate": False, "level": "CRITICAL"},
            # Django's own handlers would write each line a second time with DEBUG, and mail errors to nobody.
            "django": {"handlers": []},
            # Below it writes of each 403 and 400, with the way to it. Our own line for the request tells it.
            "django.request": {"level": "ERROR"},
            "botocore": {"level": "WARNING"},
            # At DEBUG it writes addresses whole; that of the webhook for alarms is a secret.
            "urllib3": {"level": "WARNING"},
            # It writes of each batch that it cannot send, with the answer; tenants/otel.py says so once.
            "opentelemetry.exporter": {"level": "CRITICAL"},
        },
    }


def log_level() -> str:
    return env_str("LOG_LEVEL", "INFO", choices=LEVELS)


def without_secrets(text: str) -> str:
    for pattern, replacement in SECRETS:
        text = pattern.sub(replacement, text)
    return text


class RefusalsInOneLine(logging.Filter):
    """What Django finds suspicious it turns away, as it should: nothing of ours broke, and anybody can send as many as they like."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security."):
            record.exc_info = record.exc_text = None
        return True


class JsonLine(JsonFormatter):
    """Secrets are taken from each value before it is quoted: in quoted text a pattern could eat half of an escape."""

    def __init__(self) -> None:
        renamed = {"levelname": "level", "name": "logger", "exc_info": "exception", "stack_info": "stack"}
        super().__init__(("levelname", "name", "message"), rename_fields=renamed, reserved_attrs=NOT_WRITTEN)

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        super().add_fields(log_data, record, message_dict)
        facts = {"time": _time(record), **log_data, **{name: id for name, id in log_context.current().items() if name not in log_data}}
        log_data.clear()
        log_data.update((name, _plain(value)) for name, value in facts.items())


class PlainLine(logging.Formatter):
    """A line for people. Tracebacks keep their lines, messages do not: a line break in one could forge a second entry."""

    def format(self, record: logging.LogRecord) -> str:
        ids = "".join(f" {name}={id}" for name, id in log_context.current().items())
        message = record.getMessage().replace("\r", "\\r").replace("\n", "\\n")
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return without_secrets(f"{_time(record)} {record.levelname} {record.name} {message}{ids}{trace}")


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _plain(value: object) -> str | int | float | None:
    """A number, or a text without secrets: what is nested would hide its secrets from the patterns, or itself from a search."""
    return value if value is None or isinstance(value, int | float) else without_secrets(str(value))
