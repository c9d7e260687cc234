"""The courier: takes what is due to go out and sends it, a few at a time."""

from __future__ import annotations

from collections.abc import Callable


def courier() -> Callable[[], bool]:
    return lambda: False
