"""One POST to a URL that a company named: to the very address that was checked, by no proxy, and without following redirects."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import NewType
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from reports.outbound import allowed
from reports.outbound.addresses import Resolve, checked
from reports.outbound.connecting import connect
from reports.outbound.errors import AddressRefused, Dropped, NotCalled, NotEncrypted, TimedOut
from reports.refused import Place, Refused

CONNECT_SECONDS = 5.0
# From the look-up of the name to the end of the answer's headers, by the clock on the wall: each read has a time-out, but a receiver
# that sends a byte now and then would keep us for ever.
TOTAL_SECONDS = 15.0
MOST_ANSWER_BYTES = 64 * 1024
MOST_URL = 1000
PORTS = {"https": 443, "http": 80}
# A URL that `check_url` has let through.
CheckedUrl = NewType("CheckedUrl", str)


@dataclass(frozen=True)
class Target:
    """`path` with its query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True)
class Answer:
    """`retry_after` in seconds from now, as the receiver asks; None: it does not."""

    status: int
    retry_after: float | None
    seconds: float


def check_url(url: str, place: tuple[str, ...] = ("url",), *, resolve: Resolve | None = None) -> CheckedUrl:
    """For whoever names an address. A look-up of its name, so in no transaction. Raises Refused: address_refused."""
    try:
        target = read_target(url)
        checked(target.host, target.port, resolve=resolve)
    except NotCalled as error:
        raise Refused("address_refused", str(error), (Place(place, "invalid", str(error)),)) from error
    return CheckedUrl(url)


def read_target(url: str) -> Target:
    """Asks nobody. Raises AddressRefused."""
    if not url.isascii() or not url.isprintable() or set(url) & set(' \\<>"') or len(url) > MOST_URL:
        raise AddressRefused(_("The address has to be a URL of at most %(n)d plain characters, without spaces.") % {"n": MOST_URL})
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise AddressRefused(_("The address is not a URL such as https://hooks.example.com/reports.")) from None
    if parts.scheme not in PORTS or not allowed.HOST.fullmatch(host):
        raise AddressRefused(_("The address is not a URL such as https://hooks.example.com/reports."))
    if "@" in parts.netloc:
        raise AddressRefused(_("The address must not hold a user name or a password: what is sent is signed."))
    port = PORTS[parts.scheme] if port is None else port
    if (parts.scheme != "https" or port != PORTS["https"]) and not allowed.is_allowed(host, port):
        raise AddressRefused(_("Only https:// on port 443 can be called."))
    return Target(parts.scheme, host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def post(url: str, body: bytes, headers: dict[str, str], *, resolve: Resolve | None = None) -> Answer:
    """In no transaction. Raises NotCalled; any status is an answer, a redirect too."""
    begun = time.monotonic()
    target = read_target(url)
    addresses = checked(target.host, target.port, resolve=resolve)
    with _connected(target, addresses) as connection, _deadline(connection, begun + TOTAL_SECONDS) as is_over:
        try:
            own = {"Host": target.host_header, "User-Agent": "Fanfold", "Connection": "close"}
            connection.request("POST", target.path, body, own | headers)
            answer = connection.getresponse()
            if is_over.is_set():
                # The end of the connection reads like the end of the headers.
                raise TimeoutError
        except (OSError, http.client.HTTPException) as error:
            if is_over.is_set() or isinstance(error, TimeoutError):
                raise TimedOut(f"{target.host} did not answer within {TOTAL_SECONDS:.0f} seconds.") from None
            raise Dropped(f"{target.host} broke off the connection, or what it said is no HTTP.") from None
        _read_out(answer)
    return Answer(answer.status, _seconds(answer.headers.get("Retry-After", "")), time.monotonic() - begun)


@contextmanager
def _connected(target: Target, addresses: list[str]) -> Iterator[http.client.HTTPConnection]:
    """To the first address that takes us. The name is for TLS and the Host header; nobody looks it up again."""
    plain = connect(target.host, target.port, addresses, CONNECT_SECONDS)
    with plain:
        sock = _encrypted(target, plain) if target.scheme == "https" else plain
        with sock:
            connection = http.client.HTTPConnection(target.host, target.port)
            connection.sock = sock
            yield connection


def _encrypted(target: Target, plain: socket.socket) -> ssl.SSLSocket:
    plain.settimeout(CONNECT_SECONDS)
    try:
        return _tls().wrap_socket(plain, server_hostname=target.host)
    except TimeoutError:
        raise TimedOut(f"{target.host} did not begin TLS within {CONNECT_SECONDS:.0f} seconds.") from None
    except ssl.SSLCertVerificationError as error:
        raise NotEncrypted(f"The certificate of {target.host} is not valid: {error.verify_message}.") from None
    except (ssl.SSLError, ValueError):
        raise NotEncrypted(f"{target.host} does not speak TLS as it is spoken today.") from None
    except OSError:
        raise Dropped(f"{target.host} broke off the connection.") from None


@cache
def _tls() -> ssl.SSLContext:
    """Once: reading the certificates of all authorities takes longer than a call."""
    return ssl.create_default_context()


@contextmanager
def _deadline(connection: http.client.HTTPConnection, end: float) -> Iterator[threading.Event]:
    """Breaks the connection off when the time is over, and sets the event before."""
    is_over, left = threading.Event(), max(0.1, end - time.monotonic())
    sock = connection.sock
    sock.settimeout(left)
    watch = threading.Timer(left, _break_off, [sock, is_over])
    watch.daemon = True
    watch.start()
    try:
        yield is_over
    finally:
        watch.cancel()


def _break_off(sock: socket.socket, is_over: threading.Event) -> None:
    is_over.set()
    try:
        # Not the method of SSLSocket: it takes the encryption away from under a read.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        return


def _read_out(answer: http.client.HTTPResponse) -> None:
    """So that the receiver can end in order. Its words say nothing to us, and the status stands whatever comes after it.

    Of chunks no more than what is there: http.client takes a chunk of the length -1, and reads without an end for it.
    """
    try:
        if answer.chunked and answer.fp is not None:
            answer.fp.read1(MOST_ANSWER_BYTES)
        else:
            answer.read(MOST_ANSWER_BYTES)
    except (OSError, http.client.HTTPException):
        return


def _seconds(retry_after: str) -> float | None:
    """Of seconds or an HTTP date; None for what is neither."""
    if re.fullmatch(r"[0-9]{1,9}", retry_after):
        return float(retry_after)
    try:
        at = parsedate_to_datetime(retry_after)
    except (ValueError, OverflowError):
        # OverflowError: a year or an offset of very many digits.
        return None
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())
