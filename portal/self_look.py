"""The web processes look at themselves, once a minute altogether: a page and a call of the API, through the very socket that visitors use.

Who looks from outside would have to be let out and in again, and where that is not possible would call a service broken that works. Who
only asks whether the process lives would not see that it answers nobody.
"""

from __future__ import annotations

import logging
import random
import re
import socket
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import django.db
from django.conf import settings
from django.db import connection

from reports.models import ServicePart
from reports.uptime import answering
from reports.uptime.judging import WORKS, Verdict

logger = logging.getLogger(__name__)
Part, State = ServicePart.Part, ServicePart.State
# What each answers where all is well: the API, that a key is needed.
ASKED: Mapping[str, tuple[str, int]] = {Part.SITE: ("/accounts/login/", 200), Part.API: ("/api/v1/me", 401)}
STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
FIRST_SECONDS, GIVEN_UP_SECONDS, SLOW_SECONDS = 20.0, 10.0, 3.0


def begin(listener: socket.socket) -> None:
    """In each process, in a thread that ends with it."""
    threading.Thread(target=_go_on, args=(listener,), name="self-look", daemon=True).start()


def look(listener: socket.socket) -> dict[str, Verdict]:
    """By part. Whichever process takes the request answers for all of them."""
    return {part: _ask(listener, path, expected) for part, (path, expected) in ASKED.items()}


def look_if_due(listener: socket.socket) -> bool:
    """Whether it was this process that looked. Outside any scope; never raises for a database that is away."""
    try:
        if not answering.take_turn():
            return False
        # Nobody's connection waits for the answers.
        connection.close()
        answering.tell(look(listener))
    except django.db.Error as error:
        # The minute is lost, and the page says that nobody answered if there are more of them.
        logger.warning("what the site answers could not be noted: %s", type(error).__name__)
        return False
    finally:
        connection.close()
    return True


def _go_on(listener: socket.socket) -> None:
    # Not all of them at the same moment.
    time.sleep(FIRST_SECONDS + random.random())  # nosec B311 # no secret
    while True:
        look_if_due(listener)
        time.sleep(answering.EVERY_SECONDS)


def _ask(listener: socket.socket, path: str, expected: int) -> Verdict:
    began = time.monotonic()
    try:
        status = _status(listener, path)
    except OSError:
        return Verdict(State.DOWN, "no_answer")
    if status != expected:
        return Verdict(State.DOWN, "errors")
    return WORKS if time.monotonic() - began < SLOW_SECONDS else Verdict(State.SLOW, "answers_slowly")


def _status(listener: socket.socket, path: str) -> int:
    """As a proxy asks for a visitor: by the portal's own name, and as its address has it. Raises OSError for what is no answer."""
    address = urlsplit(settings.PORTAL_BASE_URL)
    lines = [f"GET {path} HTTP/1.1", f"Host: {address.netloc}", "User-Agent: Fanfold", "Connection: close"]
    if settings.TRUSTED_PROXY_HOPS:
        lines.append(f"X-Forwarded-Proto: {address.scheme}")
    with _connected(listener) as asking:
        asking.sendall("\r\n".join([*lines, "", ""]).encode())
        answer = b"".join(iter(lambda: asking.recv(65_536), b""))
    status = STATUS_LINE.match(answer)
    if status is None:
        raise OSError("no answer in HTTP")
    return int(status[1])


def _connected(listener: socket.socket) -> socket.socket:
    """Where it listens on all addresses, by this machine's own one."""
    place: Any = listener.getsockname()
    if listener.family in (socket.AF_INET, socket.AF_INET6):
        own = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # nosec B104 # nothing listens there, somebody asks
        place = (own.get(place[0], place[0]), place[1])
    connected = socket.socket(listener.family, socket.SOCK_STREAM)
    try:
        connected.settimeout(GIVEN_UP_SECONDS)
        connected.connect(place)
    except OSError:
        connected.close()
        raise
    return connected
