"""What the lines of a log are about: the request, the tenant and the job that is worked on just now. portal/logs.py writes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_ids: ContextVar[Mapping[str, str] | None] = ContextVar("log_ids", default=None)
NOTHING: Mapping[str, str] = {}


@contextmanager
def about(**ids: object) -> Iterator[None]:
    """Adds `request_id`, `tenant` or `job` to what is logged inside; what was noted inside ends with it."""
    token = _ids.set({**current(), **_texts(ids)})
    try:
        yield
    finally:
        _ids.reset(token)


def note(**ids: object) -> None:
    """Until the end of the `about` around: a fault that leaves a page is logged outside of it, and has to name the tenant all the same.

    Without one it would stay for whatever this thread does next.
    """
    if _ids.get() is not None:
        _ids.set({**current(), **_texts(ids)})


def current() -> Mapping[str, str]:
    return _ids.get() or NOTHING


def _texts(ids: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in ids.items()}
