"""A new link instead of one that has ended: only ever to the address that the old one was sent to."""

from __future__ import annotations

from datetime import datetime, timedelta

from reports import notices
from reports.links.opening import offered
from reports.models import Link, Notice

BETWEEN_NEW_LINKS = timedelta(minutes=10)


def ask_for_new_link(link: Link, *, now: datetime) -> bool:
    """A mail with a new link; False when one was asked for a moment ago, or there is nothing to ask for. In the tenant's scope.

    The page says the same either way.
    """
    if not link.can_be_renewed(now) or not offered(link, now):
        return False
    # Read once: two buttons pressed at once see the same number, and so ask for the same mail.
    asked = list(Notice.objects.filter(tenant=link.tenant, link=link, kind=Notice.Kind.NEW_LINK).values_list("created_at", flat=True))
    if any(at > now - BETWEEN_NEW_LINKS for at in asked):
        return False
    key = f"new link {link.pk} {len(asked) + 1}"
    _notice, is_new = notices.ask_for(link.tenant, Notice.Kind.NEW_LINK, key, link.email, now=now, language=link.language, link=link)
    return is_new


def masked(address: str) -> str:
    """`g•••@azurebay.example`: whose address it is knows it, and others do not learn it."""
    name, _at, domain = address.rpartition("@")
    return f"{name[:1]}•••@{domain}" if name else ""
