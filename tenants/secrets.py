"""Hashes of what we hand out, and which texts can be stored at all."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator

from django.conf import settings


def secret_hash(secret: str) -> bytes:
    """SHA-256 is enough for random 256-bit tokens and keys: slow hashes are for what people choose."""
    return hashlib.sha256(secret.encode()).digest()


def is_storable(text: str) -> bool:
    """PostgreSQL takes no NUL, and half a surrogate pair is no character in UTF-8."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def storable(text: str) -> str:
    """What somebody else's server said, without what cannot be stored: its words are kept, and stop nothing."""
    return "".join(filter(is_storable, text))


def derived_tokens(purpose: str, about: str) -> Iterator[str]:
    """A token of 256 bits that this portal can make again and nobody else can: by the secret key in use, then by those before it.

    For what has to be the same each time a mail is tried, while the database keeps its hash alone.
    """
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        digest = hmac.digest(key.encode(), f"{purpose}|{about}".encode(), "sha256")
        yield base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
