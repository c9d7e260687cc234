"""How often somebody may try something: counted in the shared cache, before the try. A cache that is away raises: a limit that gives way is
none. Call it outside any transaction: a count that is rolled back was none, and one that waits for a commit makes others wait."""

from __future__ import annotations

import hashlib
import ipaddress
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, cast

from django.core.cache import cache
from django.http import HttpRequest

from tenants.audit import client_ip

# The smallest network that one customer of a provider gets.
IPV6_NETWORK = 64


@dataclass(frozen=True)
class Limit:
    name: str
    most: int
    seconds: int


class TooMany(Exception):
    """`first`: nobody was refused for this since the pause began."""

    def __init__(self, limit: Limit, *, first: bool) -> None:
        super().__init__(f"More than {limit.most} in {limit.seconds} seconds: {limit.name}")
        self.limit, self.first = limit, first


class Counting(Protocol):
    def count(self, key: str, seconds: int) -> int: ...
    def decr(self, key: str) -> int: ...


def use(limit: Limit, who: str) -> None:
    """One try of `who`, which may be a secret or what somebody typed: only its hash is kept. Raises TooMany."""
    count = _cache().count(_key(limit, who), limit.seconds)
    if count > limit.most:
        raise TooMany(limit, first=count == limit.most + 1)


def give_back(limit: Limit, who: str) -> None:
    """The try was a right one, and right ones are not limited."""
    with suppress(ValueError):
        _cache().decr(_key(limit, who))


def network(request: HttpRequest) -> str:
    """The address, of IPv6 the network that one customer has."""
    ip = client_ip(request)
    if ip is None or "." in ip:
        return str(ip)
    return str(ipaddress.ip_network((ip, IPV6_NETWORK), strict=False).network_address)


def _key(limit: Limit, who: str) -> str:
    return f"limit:{hashlib.sha256(f'{limit.name}|{who}'.encode()).hexdigest()}"


def _cache() -> Counting:
    return cast(Counting, cache)
