"""What the pages of destinations need: what each is in words, how its state looks, and what its owner has to allow us."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template

from portal import destination_words, status
from reports.destinations import config, host_keys, naming
from reports.destinations.config import S3Config, SftpConfig
from reports.models import Destination

register = template.Library()
register.filter("destination_look", status.of_destination)
register.filter("kind_icon", destination_words.icon_of)
register.filter("destination_summary", destination_words.summary)
register.filter("to_whom", destination_words.to_whom)
register.filter("destination_trouble", destination_words.trouble)
register.filter("trust_policy", destination_words.trust_policy)
register.filter("permissions_policy", destination_words.permissions_policy)
register.filter("fingerprint", host_keys.fingerprint)
MARKS = {"ok": "ok", "failed": "NO", "skipped": "--"}


@register.filter
def step_mark(step: dict[str, Any]) -> str:
    return MARKS.get(step.get("state", ""), "--")


@register.filter
def example_name(destination: Destination, now: datetime) -> str:
    read = config.read(destination)
    return naming.example(read, now, destination.tenant.zone) if isinstance(read, SftpConfig | S3Config) else ""
