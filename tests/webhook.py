"""A receiver of webhooks on loopback that speaks real HTTP, keeps what it was told, and misbehaves as a test asks.

receiver.answers(500)      # until `answers(204)`; other headers by name: answers(429, {"Retry-After": "60"})
receiver.hang()            # takes the request and says nothing, until `heal`
receiver.drip()            # begins to answer and goes on with a byte now and then, until `heal`
receiver.refuse()          # nobody listens any more, until `listen`
"""

from __future__ import annotations

import json
import ssl
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATH = "/services/T000/B000/the-secret"


@dataclass(frozen=True)
class Received:
    """`headers` by their names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Use as a context manager. `told` are the bodies that were answered with 2xx, `requests` counts all, `received` is each of them.

    With `tls` it speaks HTTPS.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self._tls, self._headers, self._drips = tls, dict[str, str](), False
        self.told: list[dict[str, Any]] = []
        self.requests, self.port = 0, 0
        self._status, self._healed = 204, threading.Event()
        self._healed.set()

    def __enter__(self) -> Receiver:
        self.listen()
        return self

    def __exit__(self, *error: object) -> None:
        self.heal()
        self.refuse()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}{PATH}"

    def listen(self) -> None:
        """Again, at the same port."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                """For who only gives a sign of life: counted, and nothing is told."""
                receiver.requests += 1
                self.send_response(receiver._status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                body = json.loads(raw)
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.received.append(Received(self.path, headers, raw))
                receiver.requests += 1
                if receiver._drips:
                    self._drip()
                    return
                receiver._healed.wait()
                status = receiver._status
                if 200 <= status < 300:
                    receiver.told.append(body)
                self.send_response(status)
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.send_header("Content-Length", "0")
                for name, value in receiver._headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def _drip(self) -> None:
                try:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                    while not receiver._healed.wait(0.05):
                        self.wfile.write(b"x")
                except OSError:
                    return

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        if self._tls:
            self._server.socket = self._tls.wrap_socket(self._server.socket, server_side=True)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="receiver", daemon=True).start()

    def refuse(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answers(self, status: int, headers: dict[str, str] | None = None) -> None:
        self._status, self._headers = status, headers or {}

    def drip(self) -> None:
        self._drips = True
        self._healed.clear()

    def hang(self) -> None:
        self._healed.clear()

    def heal(self) -> None:
        self._drips = False
        self._healed.set()
