"""Clients that ask a web server as fast as it answers, over kept connections, from a mixture of addresses. Bounded in time and number.

Bytes and a few lines of HTTP, in a process of their own: a comfortable client would use more of the machine than the server it measures.
"""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context


@dataclass(frozen=True)
class Load:
    """`shares`: addresses, and how many of a hundred requests go to one of them."""

    port: int
    headers: dict[str, str]
    shares: Sequence[tuple[int, Sequence[str]]]
    seconds: float
    clients: int


@dataclass(frozen=True)
class Told:
    """`took`: seconds of each answer that was 200; `wrong`: how many others there were, broken connections among them."""

    took: list[float]
    wrong: int
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.took) / self.seconds


def ask(load: Load) -> Told:
    with ProcessPoolExecutor(1, get_context("fork")) as process:
        return process.submit(_ask, load).result()


def _ask(load: Load) -> Told:
    took: list[float] = []
    wrong: list[int] = []
    threads = [threading.Thread(target=_client, args=[load, random.Random(number), took, wrong]) for number in range(load.clients)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Told(took, len(wrong), time.monotonic() - began)


def _client(load: Load, chance: random.Random, took: list[float], wrong: list[int]) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in load.headers.items())
    weights = [share for share, _paths in load.shares]
    end = time.monotonic() + load.seconds
    connection = None
    while time.monotonic() < end:
        (paths,) = chance.choices([paths for _share, paths in load.shares], weights)
        request = f"GET {chance.choice(paths)} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode()
        began = time.perf_counter()
        try:
            connection = connection or _Connection(load.port)
            status = connection.answer(request)
        except OSError:
            status, connection = 0, None
        if status == 200:
            took.append(time.perf_counter() - began)
        else:
            wrong.append(status)
        if connection and connection.is_over:
            connection = None


class _Connection:
    """As many requests as the server allows on it: it says when the last one was."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._left = b""
        self.is_over = False

    def answer(self, request: bytes) -> int:
        self._socket.sendall(request)
        while b"\r\n\r\n" not in self._left:
            self._more()
        head, _, self._left = self._left.partition(b"\r\n\r\n")
        fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:])
        length = int(fields[b"content-length"])
        while len(self._left) < length:
            self._more()
        self._left = self._left[length:]
        self.is_over = fields.get(b"connection") == b"close"
        return int(head[9:12])

    def _more(self) -> None:
        if not (more := self._socket.recv(65536)):
            raise ConnectionResetError
        self._left += more
