"""How often one address may press buttons of links, or try addresses of links that are not there. Visits of true ones are not counted."""

from __future__ import annotations

import ipaddress
import time

from django.core.cache import cache
from django.http import HttpRequest

from tenants.audit import client_ip

A_MINUTE, SECONDS = 30, 60
# The smallest network that one customer of a provider gets.
IPV6_NETWORK = 64


def may_go_on(request: HttpRequest) -> bool:
    """Counts this request. A cache that is away raises: a limit that gives way is none."""
    key = f"link:{_network(client_ip(request))}:{int(time.time()) // SECONDS}"
    try:
        count = cache.incr(key)
    except ValueError:
        # Of two that come first at once one adds the key, and the other one counts up from it.
        count = 1 if cache.add(key, 1, 2 * SECONDS) else cache.incr(key)
    return count <= A_MINUTE


def _network(ip: str | None) -> str:
    if ip is None or "." in ip:
        return str(ip)
    return str(ipaddress.ip_network((ip, IPV6_NETWORK), strict=False).network_address)
