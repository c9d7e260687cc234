"""A loopback TCP proxy before PostgreSQL's socket, with the ways in which a network fails.

The server sees the proxy's own operating-system user on its socket, so peer authentication holds here too.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

PASS, SLOW, SWALLOW = "pass", "slow", "swallow"
SLOW_SECONDS = 0.005
# Close with a reset instead of a farewell.
RESET = struct.pack("ii", 1, 0)


class Proxy:
    """Use as a context manager. `mode`: bytes pass, pass late, or are taken and never handed on."""

    def __init__(self, target: str) -> None:
        self._target, self.mode, self.port = target, PASS, 0
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Proxy:
        self._thread.start()
        self.listen()
        return self

    def __exit__(self, *error: object) -> None:
        self.refuse()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def listen(self) -> None:
        self._server = self._do(asyncio.start_server, self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def refuse(self) -> None:
        """Nobody listens any more, and all connections are reset."""
        self._loop.call_soon_threadsafe(self._server.close)
        self.reset()

    def reset(self) -> None:
        self._do(self._reset)

    @property
    def connections(self) -> int:
        return len(self._open) // 2

    def _do(self, act: Callable[..., Any], *arguments: object) -> Any:
        return asyncio.run_coroutine_threadsafe(act(*arguments), self._loop).result(10)

    async def _reset(self) -> None:
        before = set(self._open)
        for writer in before:
            if (end := writer.get_extra_info("socket")) and end.family == socket.AF_INET:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()
        while self._open & before:
            await asyncio.sleep(0.01)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, up_writer = await asyncio.open_unix_connection(self._target)
        both = {writer, up_writer}
        self._open |= both
        await asyncio.wait([self._task(reader, up_writer), self._task(upstream, writer)], return_when=asyncio.FIRST_COMPLETED)
        for end in both:
            end.transport.abort()
        self._open -= both

    def _task(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> asyncio.Task[None]:
        return self._loop.create_task(self._pass_on(source, sink))

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                if self.mode == SLOW:
                    await asyncio.sleep(SLOW_SECONDS)
                if self.mode != SWALLOW:
                    sink.write(data)
                    await sink.drain()
