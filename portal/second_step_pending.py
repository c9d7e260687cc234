"""The secret of an authenticator app while it is set up: in the session, encrypted, so that the table of sessions holds none in clear."""

from __future__ import annotations

from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.http import HttpRequest

from tenants import encryption

IN_SESSION = "second_step_pending"


def pending_secret(request: HttpRequest, *, fresh: bool) -> str:
    """`fresh`: another one, whatever there is. One that is lost, as when the session is another one by now, is made anew as well."""
    sealed = None if fresh else request.session.get(IN_SESSION)
    if sealed:
        return encryption.decrypt(sealed, _place(request))
    secret = generate_totp_secret()
    request.session[IN_SESSION] = encryption.encrypt(secret, _place(request))
    return secret


def forget_pending(request: HttpRequest) -> None:
    request.session.pop(IN_SESSION, None)


def _place(request: HttpRequest) -> str:
    return f"session|{request.user.pk}|{IN_SESSION}"
