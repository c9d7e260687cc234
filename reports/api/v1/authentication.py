"""`Authorization: Bearer …`: a key of ours, and after it whatever PORTAL_API_AUTHENTICATORS names. No cookie or session works here."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from reports.api.authentication import KeyAuthentication

SCHEME = "bearer"


def bearer(request: Request) -> str:
    """What the header carries; empty where it carries nothing of the kind."""
    scheme, _, token = str(request.headers.get("Authorization", "")).strip().partition(" ")
    return token.strip() if scheme.lower() == SCHEME else ""


class BearerKey(KeyAuthentication):
    def secret(self, request: Request) -> str:
        return bearer(request)

    def unknown(self) -> None:
        """The next authenticator may know it."""

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


def authenticator_classes() -> list[type[BaseAuthentication]]:
    return [BearerKey, *map(_load, settings.PORTAL_API_AUTHENTICATORS)]


def check_authenticators() -> None:
    """For the start. Raises ImproperlyConfigured, with the name of the setting that is wrong."""
    for found in authenticator_classes():
        if hasattr(found, "check_settings"):
            found.check_settings()


def _load(path: str) -> type[BaseAuthentication]:
    try:
        found = import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(f"PORTAL_API_AUTHENTICATORS: {path} cannot be imported: {error}.") from error
    if not (isinstance(found, type) and issubclass(found, BaseAuthentication)):
        raise ImproperlyConfigured(f"PORTAL_API_AUTHENTICATORS: {path} is not a subclass of BaseAuthentication.")
    return found
