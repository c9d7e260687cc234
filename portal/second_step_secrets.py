"""Secrets of second steps, encrypted for the person they belong to: the keys of authenticator apps, and the seeds of recovery codes.

The place of each is its person. Copied into another person's row it cannot be read, and nobody gets in with somebody else's app. An older
secret of the same person, put back into their row, would be read: whoever can write there could as well remove the row.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter

from tenants import encryption
from tenants.models import User

_person: ContextVar[int | None] = ContextVar("person", default=None)


@contextmanager
def secrets_of(user_id: int) -> Iterator[None]:
    """Of whom the library reads secrets meanwhile; its adapter is not told. Elsewhere it is who is signed in."""
    token = _person.set(user_id)
    try:
        yield
    finally:
        _person.reset(token)


def place(user_id: int) -> str:
    return f"mfa_authenticator|{user_id}"


class SecondStepAdapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return encryption.encrypt(text, _place())

    def decrypt(self, encrypted_text: str) -> str:
        """Raises Unreadable."""
        return encryption.decrypt(encrypted_text, _place())


def _place() -> str:
    user = context.request.user if context.request else None
    user_id = _person.get() or (user.pk if isinstance(user, User) else None)
    if user_id is None:
        raise LookupError("Whose secret? Use secrets_of().")
    return place(user_id)
