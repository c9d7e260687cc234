"""What a line of the audit trail may hold of people. A line cannot be changed, so it would outlive the erasure of whoever it names.

Members, staff and the platform's own settings stay named: the trail is about them. Of end customers it has ids; texts that somebody typed
lose the addresses that stand in them.
"""

from __future__ import annotations

import re
from typing import Any

from django.db.models import Model

HIDDEN = "(not kept)"
# Also what is no valid address: too much taken out harms nobody.
ADDRESS = re.compile(r"""[^\s<>()\[\],;:"\\@]+@[^\s<>()\[\],;:"\\@]+""")
# The first parts of the names of acts whose addresses are those of people who sign in, or in the platform's own settings.
OF_THE_PLATFORM = frozenset(
    {
        *("sign_in", "second_step", "password", "session", "user", "staff", "visit"),
        *("member", "invitation", "company", "key", "api_key"),
        *("tenant", "session_tag", "session_tags", "grant", "report", "parameter", "account"),
    }
)


def keepable(action: str, about: Model | None, values: dict[str, Any] | None) -> dict[str, Any] | None:
    """The values as they may be kept: without the columns that a model calls PERSONAL, and without end customers' addresses."""
    if not values or action.partition(".")[0] in OF_THE_PLATFORM:
        return values
    personal = getattr(about, "PERSONAL", ())
    kept = {name: HIDDEN if name in personal and value else value for name, value in values.items()}
    return {name: _without_addresses(value) for name, value in kept.items()}


def _without_addresses(value: Any) -> Any:
    """Text by text: in a JSON text as a whole the escaped line end before an address would be taken for a part of it."""
    match value:
        case str():
            return ADDRESS.sub(HIDDEN, value)
        case dict():
            return {_without_addresses(name): _without_addresses(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_without_addresses(inner) for inner in value]
    return value
