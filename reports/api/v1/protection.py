"""What a link asks for beside being opened, in the API's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.models import Protection

WORDS: dict[str, str] = {Protection.NOTHING: "nothing", Protection.PASSCODE: "passcode", Protection.MAILED_CODE: "mailed_code"}
READ = {word: protection for protection, word in WORDS.items()}


def read_protection(members: Mapping[str, Any]) -> str:
    """Of a body's `protection` and `passcode`: a passcode that is sent is meant."""
    usual = WORDS[Protection.PASSCODE] if members.get("passcode") else WORDS[Protection.NOTHING]
    return READ[members.get("protection", usual)]
