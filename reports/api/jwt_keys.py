"""The issuer's public keys: a JWK Set (RFC 7517) or PEM, in a file that is read again when it changes. Each key is for one algorithm."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

MIN_RSA_BITS = 2048
PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey


class BadKeys(Exception):
    """The file is of no use: until it is, no token is taken, and the log says why."""


@dataclass(frozen=True)
class Key:
    id: str | None
    key: PublicKey
    algorithm: str


@dataclass(frozen=True)
class Keys:
    keys: tuple[Key, ...]

    def find(self, id: Any) -> Key:
        """A token that names none is of the only key. Raises jwt.InvalidKeyError."""
        found = [key for key in self.keys if key.id == id] if id is not None else list(self.keys)
        if len(found) != 1:
            raise jwt.InvalidKeyError("The token names no key of the issuer's.")
        return found[0]


def public_keys(path: str) -> Keys:
    """Raises BadKeys."""
    try:
        changed_at = Path(path).stat().st_mtime_ns
    except OSError as error:
        raise BadKeys(f"{path} cannot be read: {error.strerror}.") from error
    return _read(path, changed_at)


@lru_cache(maxsize=4)
def _read(path: str, changed_at: int) -> Keys:
    data = Path(path).read_bytes()
    try:
        found = _of_pem(data) if data.lstrip().startswith(b"-----") else _of_set(data)
    except (ValueError, TypeError, LookupError, AttributeError, jwt.PyJWTError) as error:
        raise BadKeys(f"{path} is neither a JWK Set nor a public key as PEM.") from error
    keys = Keys(tuple(Key(id, key, _algorithm(key)) for id, key in found))
    if not keys.keys or len({key.id for key in keys.keys}) < len(keys.keys):
        raise BadKeys(f"{path} holds no key, or two that cannot be told apart by their kid.")
    return keys


def _of_pem(data: bytes) -> list[tuple[str | None, Any]]:
    return [(None, load_pem_public_key(data))]


def _of_set(data: bytes) -> list[tuple[str | None, Any]]:
    """Raises ValueError for what is no public key: a secret here could be used to make tokens with it."""
    return [(entry.get("kid"), jwt.PyJWK(entry).key) for entry in json.loads(data)["keys"] if entry.get("use", "sig") == "sig"]


def _algorithm(key: Any) -> str:
    """RS256, ES256 or EdDSA; never HS256, which would take a public key for a password."""
    match key:
        case RSAPublicKey() if key.key_size >= MIN_RSA_BITS:
            return "RS256"
        case EllipticCurvePublicKey() if isinstance(key.curve, SECP256R1):
            return "ES256"
        case Ed25519PublicKey():
            return "EdDSA"
    raise BadKeys("A key is neither RSA of 2048 bits or more, nor EC P-256, nor Ed25519; or it is no public one.")
