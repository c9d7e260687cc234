"""Signatures that anybody can check without us: Ed25519 (RFC 8032) over the exact bytes of a text.

A signed text is the text, one line feed, and a line `fanfold-signature-v1 <key id> <base64url of 64 bytes>` with a line feed. Seeds come
newest first, from PORTAL_PROOF_KEYS or else made of SECRET_KEY; the public halves of all are published, so that older texts stay good.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from tenants.encryption import derived_key, read_key

PURPOSE = b"fanfold signatures of proofs"
LINE = re.compile(rb"\nfanfold-signature-v1 ([0-9a-f]{16}) ([A-Za-z0-9_-]{86})\n\Z")


class NotSigned(Exception):
    """It was changed, or none of the keys signed it."""


def sign(text: bytes) -> bytes:
    key_id, key = next(iter(_keys().items()))
    return text + b"\nfanfold-signature-v1 " + key_id.encode() + b" " + _spelled(key.sign(text)) + b"\n"


def verify(signed: bytes, keys: dict[str, str]) -> bytes:
    """The text without its signature. `keys`: public keys by id, as `public_keys` gives them. Raises NotSigned."""
    found = LINE.search(signed)
    if found is None:
        raise NotSigned("There is no signature at its end.")
    known = keys.get(found[1].decode())
    if known is None:
        raise NotSigned(f"The key {found[1].decode()} is not among those given.")
    text, signature = signed[: found.start()], base64.urlsafe_b64decode(found[2] + b"==")
    # One signature has one spelling: of the last character only some bits count.
    if _spelled(signature) != found[2]:
        raise NotSigned("The signature is not written as we write it.")
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(known)).verify(signature, text)
    except (InvalidSignature, ValueError) as error:
        raise NotSigned("The signature does not fit: the file was changed, or another key signed it.") from error
    return text


def public_keys() -> dict[str, str]:
    """By id, newest first: base64 of 32 bytes each."""
    return {key_id: base64.b64encode(key.public_key().public_bytes_raw()).decode() for key_id, key in _keys().items()}


def _spelled(signature: bytes) -> bytes:
    return base64.urlsafe_b64encode(signature).rstrip(b"=")


def _keys() -> dict[str, Ed25519PrivateKey]:
    return _by_id(tuple(settings.PORTAL_PROOF_KEYS), (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=8)
def _by_id(own: tuple[str, ...], signing: tuple[str, ...]) -> dict[str, Ed25519PrivateKey]:
    """Newest first. Those made of the signing keys stay, for what was signed before there were own ones."""
    seeds = [read_key(text) for text in own] + [derived_key(PURPOSE, text) for text in signing]
    keys = [Ed25519PrivateKey.from_private_bytes(seed) for seed in seeds]
    return {hashlib.sha256(key.public_key().public_bytes_raw()).hexdigest()[:16]: key for key in keys}
