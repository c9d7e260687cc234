"""How often one address may press buttons of links, or try addresses of links that are not there. Visits of true ones are not counted."""

from __future__ import annotations

from django.http import HttpRequest

from portal import limits

PRESSES = limits.Limit("link", 30, 60)


def may_go_on(request: HttpRequest) -> bool:
    """Counts this request. A cache that is away raises."""
    try:
        limits.use(PRESSES, limits.network(request))
    except limits.TooMany:
        return False
    return True
