"""Keeping end customers out of the audit trail. A row of it cannot be changed, so what stands there would outlive the person's erasure.

At the one door to the trail, and not left to whoever writes a row: a list of recipients, a message or a parameter may hold an address.
Whom it was about, the row's object tells for as long as there is one.
"""

from __future__ import annotations

import re
from typing import Any

# First parts of the actions that may be about end customers. Those about members name members, who have accounts.
OF_CUSTOMERS = frozenset(
    {
        "audience",
        "delivery",
        "group",
        "job",
        "jobs",
        "link",
        "links",
        "occurrence",
        "person",
        "queue",
        "recipient",
        "recipients",
        "schedule",
    }
)
ABOUT_ONE = frozenset({"recipient", "recipients"})
ADDRESS = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.IGNORECASE)
AN_ADDRESS, A_NAME = "(address)", "(name)"


def is_about_customers(action: str) -> bool:
    return action.partition(".")[0] in OF_CUSTOMERS


def without_customers(action: str, values: dict[str, Any] | None) -> dict[str, Any] | None:
    """What `before` and `after` may hold: how many there were, and not who."""
    if values is None or not is_about_customers(action):
        return values
    blanked = {"name": A_NAME} if action.partition(".")[0] in ABOUT_ONE and values.get("name") else {}
    return {_plain(key): _plain(value) for key, value in (values | blanked).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return ADDRESS.sub(AN_ADDRESS, value)
    if isinstance(value, dict):
        return {_plain(key): _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value
