"""The expander: makes the jobs and deliveries of planned occurrences, one occurrence at a time, inside its tenant."""

from __future__ import annotations

from collections.abc import Callable


def expander() -> Callable[[], bool]:
    return lambda: False
