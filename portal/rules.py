"""Deny by default, at the start: an address that no rule speaks of stops the process, before anybody can ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, URLResolver

from tenants.access import ACTIONS, STAFF_ACTIONS
from tenants.key_scopes import ROLES as SCOPES

# Addresses that no action of tenants/access.py opens, by name, and why. All but those marked "signed in" are for everybody.
OPEN = {
    "root": "signed in: leads to a person's own company",
    "choose": "signed in: a person's own companies",
    "account_logout": "signed in: ends the person's own session",
    "account_reauthenticate": "signed in: the person's own password",
    "account_confirmed": "signed in: says that the password was right",
    "mfa_reauthenticate": "signed in: the person's own code",
    "account": "signed in: the person's own account",
    "usersessions_list": "signed in: the person's own sessions",
    "account_change_password": "signed in: the person's own password",
    "mfa_index": "signed in: the person's own second step",
    "mfa_activate_totp": "signed in: the person's own second step",
    "mfa_totp_picture": "signed in: the person's own second step",
    "mfa_deactivate_totp": "signed in: the person's own second step",
    "mfa_view_recovery_codes": "signed in: the person's own recovery codes",
    "mfa_generate_recovery_codes": "signed in: the person's own recovery codes",
    "account_login": "sign-in",
    "mfa_authenticate": "sign-in: its second step",
    "account_reset_password": "sign-in: a mail to the address, if it has an account",
    "account_reset_password_done": "sign-in: says what happens next",
    "account_reset_password_from_key": "sign-in: the mailed key is the right to it",
    "account_reset_password_from_key_done": "sign-in: says that it is changed",
    "service_status": "how the service is; of no company",
    "theme": "light or dark, in the visitor's own cookie",
    "language": "in the visitor's own cookie, and with who is signed in",
    "invitation": "the token is the right to it",
    "download": "the token is the right to it",
    "archive": "a cookie that one mailed address gave is the right to it; else it asks for an address, and tells nothing of it",
    "archive_way_in": "the token is the right to it",
    "unsubscribe": "the token is the right to it",
    "api_docs": "how the API is used; of no company",
    "api_docs_errors": "the API's errors",
    "api_docs_resource": "the API's calls",
    "proof_keys": "public keys, to check a proof with",
    "brand": "colours of a company's customer pages",
    "brand_logo": "the picture on a company's customer pages",
    "healthz": "whether the process lives",
    "readyz": "whether it can serve",
    "metrics": "a bearer token of the operator's is the right to it; figures, and nothing of any company",
}
Patterns = Sequence[URLPattern | URLResolver]


def require_rules(patterns: Patterns) -> None:
    """Raises ImproperlyConfigured with every address that has none."""
    faults = [f"{route or '/'}: {fault}" for route, pattern in _walk(patterns) if (fault := _fault(pattern))]
    if faults:
        raise ImproperlyConfigured(f"Addresses without a rule about who may ask for them: {'; '.join(faults)}")


def _walk(patterns: Patterns, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        else:
            yield route, pattern


def _fault(pattern: URLPattern) -> str:
    """Empty: a rule says who may ask for it."""
    view: Callable[..., Any] = pattern.callback
    action = getattr(view, "action", None)
    if action is not None:
        return "" if action in ACTIONS or action in STAFF_ACTIONS else f"the action {action!r} is in no table of tenants/access.py"
    api = getattr(view, "cls", None)
    if api is not None and hasattr(api, "scopes"):
        return _scope_fault(api)
    return "" if pattern.name in OPEN else "no action, no scopes, and portal/rules.py does not list it as open"


def _scope_fault(api: Any) -> str:
    offered = {method.upper() for method in api.http_method_names if hasattr(api, method)} - {"OPTIONS"}
    if missing := sorted(offered - set(api.scopes)):
        return f"{', '.join(missing)} of {api.__name__} without a scope"
    unknown = sorted({scope for scope in api.scopes.values() if scope} - set(SCOPES))
    return f"{api.__name__} needs {', '.join(unknown)}, which no key can have" if unknown else ""
