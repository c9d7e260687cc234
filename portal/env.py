"""Reading the environment strictly: a missing or malformed value stops the start with its name."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured


def env_str(name: str, default: str | None = None, *, choices: tuple[str, ...] = ()) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"{name} is not set, and there is no safe default for it. See .env.example.")
    if choices and value not in choices:
        raise ImproperlyConfigured(f"{name}={value!r} is not one of {', '.join(choices)}.")
    return value


def env_bool(name: str, default: bool) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if not value:
        return default
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off"):
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is not a yes or no: use 1 or 0.")


def env_int(name: str, default: int, *, low: int, high: int) -> int:
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number from {low} to {high}.")
    return int(value)


def env_list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def env_url(name: str, default: str, *, schemes: tuple[str, ...]) -> str:
    """A URL with one of the schemes and no trailing slash. The value is not repeated in the error: it may hold a password."""
    value = os.environ.get(name) or default
    if not value:
        return ""
    try:
        parts = urlsplit(value)
        well_formed = parts.scheme in schemes and (parts.netloc or parts.path) and (parts.port or True)
    except ValueError:
        well_formed = False
    if not well_formed:
        raise ImproperlyConfigured(f"{name} is not a URL that starts with {' or '.join(s + '://' for s in schemes)}.")
    return value.rstrip("/")


def refuse_unknown(prefix: str, known: set[str]) -> None:
    """A misspelt setting would be ignored in silence, and the default would rule instead."""
    for name in sorted(os.environ):
        if name.startswith(prefix) and name not in known:
            raise ImproperlyConfigured(f"{name} is not a setting of the portal. Known: {', '.join(sorted(known))}.")
