"""Who may know what became of a report after it was sent: whoever would be sent it today. Asked at each visit.

To others nothing is said of the newer version: neither that there is one, nor its files, its time, or what was wrong.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from reports.address_book.addresses import is_allowed
from reports.delivery.wanted import still_wanted
from reports.models import Delivery, Grant, Link


def show_to_reader(links: Sequence[Link]) -> None:
    """Takes from them, as they were read, what their reader may not know, and a newer version that was withdrawn itself.

    Of one tenant, in its scope; nothing is stored. A constant number of statements, and none for links of reports that simply stand.
    """
    changed = [link for link in links if link.superseded_by_id or link.job.recalled_at]
    may_know = entitled(changed)
    for link in changed:
        link.may_know = link.pk in may_know
        if not link.may_know or (link.superseded_by and link.superseded_by.recalled_at):
            link.superseded_by = None


def entitled(links: Sequence[Link]) -> set[uuid.UUID]:
    """Ids of those whose reader would still get the report. Of one tenant, in its scope."""
    if not links:
        return set()
    tenant = links[0].tenant
    offered = set(Grant.objects.for_tenant(tenant).active().values_list("report", flat=True))
    mailed = {link.delivery_id: link.delivery for link in links if link.delivery and not link.delivery.is_copy}
    wanted = still_wanted(list(mailed.values()))
    return {
        link.pk
        for link in links
        if link.job.report_id in offered and _is_same_rows(link) and _may_be_written_to(link) and _is_wanted(link, wanted)
    }


def _is_same_rows(link: Link) -> bool:
    newer = link.superseded_by
    return newer is None or (newer.tenant_id == link.tenant_id and newer.narrowing_tags == link.job.narrowing_tags)


def _may_be_written_to(link: Link) -> bool:
    return not link.email or is_allowed(link.tenant, link.email)


def _is_wanted(link: Link, wanted: set[uuid.UUID]) -> bool:
    """One made by hand is its maker's word, for as long as it is not revoked."""
    if link.delivery is None:
        return link.revoked_at is None
    return _is_on_copy_line(link.delivery) if link.delivery.is_copy else link.delivery_id in wanted


def _is_on_copy_line(delivery: Delivery) -> bool:
    """Of a single job there is no line that somebody could be taken off."""
    run = delivery.occurrence
    return run is None or delivery.address.lower() in {address.lower() for address in run.schedule.cc}
