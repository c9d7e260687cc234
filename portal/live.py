"""Parts of pages that update by themselves: how soon they ask again, and whether there is anything new to answer.

A part's address says what its page has drawn. As long as that is what would be drawn now, the answer is empty.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import blake2b

from django.http import HttpRequest, QueryDict
from django_htmx.middleware import HtmxDetails

from reports.models import Occurrence, SnapshotJob

SEEN = "seen"
# How soon a part with a moving job asks again, by that job's age, and one in which nothing moves but something may begin.
POLLS = ((timedelta(minutes=1), 2), (timedelta(minutes=10), 5), (timedelta.max, 15))
QUIET_SECONDS = 15


def poll_seconds(jobs: Iterable[SnapshotJob | Occurrence], now: datetime) -> int | None:
    """By the youngest job or run that moves. None: none does."""
    ages = [now - job.created_at for job in jobs if not job.has_ended]
    return next(seconds for limit, seconds in POLLS if min(ages) < limit) if ages else None


def plain_query(request: HttpRequest) -> QueryDict:
    """Of the page, whether it was visited or asked for news."""
    query = request.GET.copy()
    query.pop(SEEN, None)
    return query


class Live:
    """`drawn`: everything that changes while the page is open, as values whose repr tells them apart. `seconds`: None: asks no more."""

    def __init__(self, request: HttpRequest, *drawn: object, seconds: int | None) -> None:
        htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
        token = blake2b(repr((drawn, seconds)).encode(), digest_size=8).hexdigest()
        # A search, and the way back to it, ask by htmx for the page and take from it what they need.
        self.asked = bool(htmx) and htmx.request_type != "full"
        self.unchanged = self.asked and request.GET.get(SEEN) == token
        asking = plain_query(request)
        asking[SEEN] = token
        self.address, self.seconds = f"{request.path}?{asking.urlencode()}", seconds
