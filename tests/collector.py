"""A collector of traces on loopback that speaks OTLP over HTTP, keeps the spans it took, and misbehaves as a test asks.

collector.hang()           # takes the request and says nothing, until `heal`
collector.answers(503)     # until `answers(200)`
"""

from __future__ import annotations

import gzip
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse

PATH = "/v1/traces"


@dataclass(frozen=True)
class Span:
    """Ids as hexadecimal text; `parent` is empty for a root."""

    trace: str
    id: str
    parent: str
    name: str
    kind: int
    failed: bool
    facts: dict[str, Any]
    resource: dict[str, Any]
    raw: str = field(repr=False)


class Collector:
    """Use as a context manager. `requests` counts what came, `spans` are those of requests that were answered with 200."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.requests, self._status, self._healed = 0, 200, threading.Event()
        self._healed.set()

    def __enter__(self) -> Collector:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.requests += 1
                collector._healed.wait()
                if collector._status == 200:
                    collector.spans += _spans(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(collector._status if self.path == PATH else 404)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="collector", daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.heal()
        self._server.shutdown()
        self._server.server_close()

    @property
    def environment(self) -> dict[str, str]:
        """What turns traces on. Spans are sent soon, so that a test need not wait."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self._server.server_port}", "OTEL_BSP_SCHEDULE_DELAY": "200"}

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def answers(self, status: int) -> None:
        self._status = status

    def hang(self) -> None:
        self._healed.clear()

    def heal(self) -> None:
        self._healed.set()


def _spans(body: bytes) -> list[Span]:
    request = ExportTraceServiceRequest.FromString(body)
    return [
        Span(
            trace=span.trace_id.hex(),
            id=span.span_id.hex(),
            parent=span.parent_span_id.hex(),
            name=span.name,
            kind=span.kind,
            failed=span.status.code == 2,
            facts=_facts(span.attributes),
            resource=_facts(of.resource.attributes),
            raw=f"{span}{of.resource}",
        )
        for of in request.resource_spans
        for scope in of.scope_spans
        for span in scope.spans
    ]


def _facts(attributes: Any) -> dict[str, Any]:
    return {single.key: getattr(single.value, single.value.WhichOneof("value")) for single in attributes}
