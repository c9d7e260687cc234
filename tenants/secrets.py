"""Hashes of what we hand out, and which texts can be stored at all."""

from __future__ import annotations

import hashlib


def secret_hash(secret: str) -> bytes:
    """SHA-256 is enough for random 256-bit tokens and keys: slow hashes are for what people choose."""
    return hashlib.sha256(secret.encode()).digest()


def is_storable(text: str) -> bool:
    """PostgreSQL takes no NUL, and half a surrogate pair is no character in UTF-8."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
