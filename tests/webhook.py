"""A receiver of webhooks on loopback that speaks real HTTP, keeps what it was told, and misbehaves as a test asks.

receiver.answers(500)      # until `answers(204)`
receiver.hang()            # takes the request and says nothing, until `heal`
receiver.refuse()          # nobody listens any more, until `listen`
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATH = "/services/T000/B000/the-secret"


class Receiver:
    """Use as a context manager. `told` are the bodies that were answered with 2xx, `requests` counts all."""

    def __init__(self) -> None:
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
        return f"http://127.0.0.1:{self.port}{PATH}"

    def listen(self) -> None:
        """Again, at the same port."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.requests += 1
                receiver._healed.wait()
                status = receiver._status
                if 200 <= status < 300:
                    receiver.told.append(body)
                self.send_response(status)
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="receiver", daemon=True).start()

    def refuse(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answers(self, status: int) -> None:
        self._status = status

    def hang(self) -> None:
        self._healed.clear()

    def heal(self) -> None:
        self._healed.set()
