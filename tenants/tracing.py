"""Traces: which request, job and call belongs to which, told to a collector of OpenTelemetry's.

On where its own variables name one (portal/settings.py). Off, every span is the same object that does nothing, and nothing of the library
is imported. A span holds ids, names of operations and outcomes: no address, tag value, token, path, query or text of an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from django.conf import settings

from tenants import log_context

Facts = Mapping[str, str | int | float | bool]
# As OpenTelemetry has them: what is asked of us, what we ask of others, and what is neither.
SERVER, CLIENT, INTERNAL = "SERVER", "CLIENT", "INTERNAL"
OUTCOME = "fanfold.outcome"
OK = "ok"


class Span(Protocol):
    def note(self, **facts: str | int) -> None:
        """Facts of ours, each under `fanfold.` and its name."""

    def end_as(self, outcome: str, *, failed: bool = False) -> None:
        """A code. What says nothing ends as `ok`, or as the name of what it raised."""

    def answer(self, method: str, route: str, status: int) -> None:
        """Of a request. `route`: the pattern of its address, never the address itself; empty: of none."""


class Nothing:
    def note(self, **facts: str | int) -> None:
        pass

    def end_as(self, outcome: str, *, failed: bool = False) -> None:
        pass

    def answer(self, method: str, route: str, status: int) -> None:
        pass


NOTHING = Nothing()


@contextmanager
def span(name: str, facts: Facts | None = None, *, parent: str | None = None, kind: str = INTERNAL) -> Iterator[Span]:
    """Inside what goes on here already; with `parent`, a W3C traceparent, of that trace, or where it is empty of a new one.

    Lines of the log inside carry its `trace_id`.
    """
    if not settings.TRACES:
        yield NOTHING
        return
    with _library().span(name, facts or {}, parent, kind) as opened, log_context.about(**opened.log_ids):
        yield opened


@contextmanager
def call(name: str, facts: Facts) -> Iterator[Span]:
    """A call to a peer, where something goes on that it belongs to: what is polled all day would be a trace of its own each time."""
    if traceparent():
        with span(name, facts, kind=CLIENT) as opened:
            yield opened
    else:
        yield NOTHING


def note(**facts: str | int) -> None:
    """Of what goes on here, if anything does."""
    if settings.TRACES:
        _library().note(**facts)


def traceparent() -> str:
    """What goes on here, for whoever takes it up later; empty where nothing does, or nobody wants traces."""
    return str(_library().traceparent()) if settings.TRACES else ""


def _library() -> Any:
    from tenants import otel

    return otel
