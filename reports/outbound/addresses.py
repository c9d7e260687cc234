"""Which addresses of the internet a company may have us call: public ones alone.

A name is asked for once, every address it has must be public, and the connection goes to one of these very addresses: a name that leads
elsewhere a moment later changes nothing. Ranges by the IANA special-purpose registries; Python's own `is_global` lets through multicast
and addresses that carry a private one inside.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from queue import Empty, SimpleQueue

from django.utils.translation import gettext as _

from reports.outbound import allowed
from reports.outbound.errors import AddressRefused, CannotResolve, TimedOut

# host and port -> addresses as text.
Resolve = Callable[[str, int], list[str]]
RESOLVE_SECONDS = 5.0
NAT64 = ipaddress.ip_network("64:ff9b::/96")
# All that was given out to be reached from everywhere; whatever is outside of it is local, mapped, or nothing yet.
GLOBAL = ipaddress.ip_network("2000::/3")
NOT_PUBLIC = [
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments; Python calls some of them global
        "192.88.99.0/24",  # relays of 6to4
        "168.63.129.16/32",  # Azure's own services, as seen from a machine there
        "2001::/23",  # protocol assignments, Teredo among them: it carries an address of IPv4 that is not the one called
        "2001:db8::/32",
        "3fff::/20",
    )
]


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Of one that carries an IPv4 address inside: whether that one is, too."""
    if isinstance(address, IPv6Address):
        inside = _inside(address)
        if inside is not None:
            return is_public(inside)
        if address not in GLOBAL:
            return False
    if address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback or address.is_link_local:
        return False
    return address.is_global and not any(address in network for network in NOT_PUBLIC if network.version == address.version)


def checked(host: str, port: int, *, resolve: Resolve | None = None) -> list[str]:
    """The addresses to connect to, best first. A network call, in no transaction. Raises CannotResolve, AddressRefused, TimedOut.

    `resolve` is asked for the addresses in place of the system.
    """
    found = (resolve or ask_system)(host, port)
    if not found:
        raise CannotResolve(_("%(host)s has no address.") % {"host": host})
    if not allowed.is_allowed(host, port):
        for text in found:
            if not is_public(ipaddress.ip_address(text.partition("%")[0])):
                raise AddressRefused(_("%(host)s leads to an address that is not public.") % {"host": host})
    return found


def ask_system(host: str, port: int) -> list[str]:
    """In a thread of its own: the system's look-up has no time-out, and ends by itself much later."""
    answers: SimpleQueue[list[str] | None] = SimpleQueue()
    threading.Thread(target=lambda: answers.put(_look_up(host, port)), name="look-up", daemon=True).start()
    try:
        found = answers.get(timeout=RESOLVE_SECONDS)
    except Empty:
        raise TimedOut(_("The name %(host)s was not found in time.") % {"host": host}) from None
    if found is None:
        raise CannotResolve(_("%(host)s is not found in the domain name system.") % {"host": host})
    return found


def _look_up(host: str, port: int) -> list[str] | None:
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        # UnicodeError: a part of the name is longer than 63 characters.
        return None
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


def _inside(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a packet for this one would reach by a translator or a tunnel. None: it is none of these."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour
