"""Secrets that have to be read again: AES-256-GCM (NIST SP 800-38D), bound to the place they are kept at.

A text is `<key id>.<base64url of nonce, ciphertext and tag>`. Its place, such as `mfa_authenticator|7|secret`, is authenticated with it:
copied into another row it does not decrypt. Keys come newest first; `manage.py reencrypt` brings older texts under the newest.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

NONCE_BYTES = 12
KEY_BYTES = 32
PURPOSE = b"fanfold encryption of secrets"


class Unreadable(Exception):
    """No key in use reads it: its key is gone, or it was changed, or it was copied from another place. Tells nothing of the text."""


def encrypt(text: str, place: str) -> str:
    key = next(iter(_keys().items()))
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = nonce + AESGCM(key[1]).encrypt(nonce, text.encode(), place.encode())
    return f"{key[0]}.{base64.urlsafe_b64encode(sealed).decode()}"


def decrypt(sealed: str, place: str) -> str:
    """Raises Unreadable."""
    key_id, _, rest = sealed.partition(".")
    try:
        data = base64.urlsafe_b64decode(rest.encode())
        if base64.urlsafe_b64encode(data).decode() != rest:
            raise ValueError("One text, one spelling: the last character has bits that do not count.")
        return AESGCM(_keys()[key_id]).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], place.encode()).decode()
    except (KeyError, InvalidTag, binascii.Error, ValueError) as error:
        raise Unreadable(f"A secret kept at {place.partition('|')[0]} cannot be read with the keys in use.") from error


def is_current(sealed: str) -> bool:
    """Whether the newest key sealed it."""
    return sealed.partition(".")[0] == next(iter(_keys()))


def _keys() -> dict[str, bytes]:
    return _by_id(tuple(settings.PORTAL_ENCRYPTION_KEYS), (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=8)
def _by_id(own: tuple[str, ...], signing: tuple[str, ...]) -> dict[str, bytes]:
    """Newest first. Those made of the signing keys read what was sealed before there were own ones."""
    found = [read_key(text) for text in own] + [derived_key(PURPOSE, text) for text in signing]
    return {hashlib.sha256(key).hexdigest()[:8]: key for key in found}


def read_key(text: str) -> bytes:
    """Raises ValueError unless it is 32 bytes as base64, either alphabet."""
    try:
        key = base64.b64decode(text.translate(str.maketrans("-_", "+/")) + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("It is not base64.") from error
    if len(key) != KEY_BYTES:
        raise ValueError(f"It has {len(key)} bytes, not {KEY_BYTES}.")
    return key


def derived_key(purpose: bytes, signing_key: str) -> bytes:
    """KEY_BYTES that only this portal can make again (RFC 5869); another purpose gives another key."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(signing_key.encode())
