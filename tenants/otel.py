"""The one door to OpenTelemetry, opened by tenants/tracing.py where somebody wants traces.

Each process sends for itself, from its first span on: a thread does not live through a fork. What cannot be sent is lost, and costs
nobody a moment, but for the two seconds that a process waits at its end.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.util import Finalize

from django.conf import settings
from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from tenants import tracing

logger = logging.getLogger(__name__)
LAST_WORDS_SECONDS = 2.0
HEADER = "traceparent"
_propagator = TraceContextTextMapPropagator()
_lock = threading.Lock()
_tracer: trace.Tracer | None = None


class Opened:
    """A span that goes on: tracing.Span."""

    def __init__(self, span: trace.Span) -> None:
        self._span, self._outcome = span, ""

    @property
    def log_ids(self) -> dict[str, str]:
        return {"trace_id": trace.format_trace_id(self._span.get_span_context().trace_id)} if self._span.is_recording() else {}

    def note(self, **facts: str | int) -> None:
        self._span.set_attributes({f"fanfold.{name}": value for name, value in facts.items()})

    def end_as(self, outcome: str, *, failed: bool = False) -> None:
        self._outcome = outcome
        self._span.set_attribute(tracing.OUTCOME, outcome)
        if failed:
            self._span.set_attribute("error.type", outcome)
            self._span.set_status(trace.StatusCode.ERROR)

    def answer(self, method: str, route: str, status: int) -> None:
        self._span.update_name(f"{method} {route}" if route else method)
        facts: dict[str, str | int] = {"http.request.method": method, "http.response.status_code": status}
        self._span.set_attributes(facts | ({"http.route": route} if route else {}))
        self.end_as(str(status), failed=status >= 500)

    def close(self, raised: BaseException | None) -> None:
        if not self._outcome:
            # Never the text of an error, which may be a secret.
            self.end_as(type(raised).__name__ if raised else tracing.OK, failed=raised is not None)
        self._span.end()


@contextmanager
def span(name: str, facts: tracing.Facts, parent: str | None, kind: str) -> Iterator[Opened]:
    around = None if parent is None else _propagator.extract({HEADER: parent}, context.Context())
    started = tracer().start_span(name, around, trace.SpanKind[kind], dict(facts))
    opened = Opened(started)
    token = context.attach(trace.set_span_in_context(started, around))
    raised: BaseException | None = None
    try:
        yield opened
    except BaseException as error:
        raised = error
        raise
    finally:
        context.detach(token)
        opened.close(raised)


def note(**facts: str | int) -> None:
    Opened(trace.get_current_span()).note(**facts)


def traceparent() -> str:
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get(HEADER, "")


def tracer() -> trace.Tracer:
    """Of this process."""
    global _tracer
    with _lock:
        if _tracer is None:
            provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
            provider.add_span_processor(Sending())
            _tracer = provider.get_tracer("fanfold", settings.PORTAL_RELEASE or None)
        return _tracer


def _resource() -> Resource:
    """Who sends. What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say goes before ours."""
    said = Resource.create()
    ours = {"service.version": settings.PORTAL_RELEASE} if settings.PORTAL_RELEASE else {}
    if str(said.attributes["service.name"]).startswith("unknown_service"):
        ours["service.name"] = "fanfold"
    return said.merge(Resource({name: value for name, value in ours.items() if name == "service.name" or name not in said.attributes}))


class Sending(BatchSpanProcessor):
    """Sends in the background, and at the end of the process what is left, for as long as that may take and no longer.

    Threads that carry deliveries outlive the end of a child of multiprocessing: what they say then is sent at once.
    """

    def __init__(self) -> None:
        super().__init__(ToldOnce(OTLPSpanExporter(endpoint=settings.TRACES)))
        self._ending = self._hangs = False
        self._wanted, self._sent = threading.Event(), threading.Event()
        # By a thread that is there already: none can be started while the interpreter ends.
        threading.Thread(target=self._send_left, daemon=True, name="last-spans").start()
        Finalize(None, self._end, exitpriority=0)

    def on_end(self, span: ReadableSpan) -> None:
        super().on_end(span)
        if self._ending:
            self._wait()

    def _end(self) -> None:
        self._ending = True
        self._wait()

    def _wait(self) -> None:
        if self._hangs:
            return
        self._sent.clear()
        self._wanted.set()
        self._hangs = not self._sent.wait(LAST_WORDS_SECONDS)

    def _send_left(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            self.force_flush()
            self._sent.set()


class ToldOnce(SpanExporter):
    """That a collector does not take spans is one line of the log, and that it takes them again another one."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter, self._fails = exporter, False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        reason = "refused"
        try:
            result = self._exporter.export(spans)
        except OSError as error:
            # Of `requests`. Without its text, which has the address.
            result, reason = SpanExportResult.FAILURE, type(error).__name__
        failed = result is not SpanExportResult.SUCCESS
        if failed and not self._fails:
            logger.warning("the collector of traces does not take spans (%s); they are lost until it does", reason)
        elif self._fails and not failed:
            logger.warning("the collector of traces takes spans again")
        self._fails = failed
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


def _forget() -> None:
    """In a child: the parent's threads are not there, and its spans are the parent's to send."""
    global _tracer, _lock
    _tracer, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)
