"""A sign of life for a service that misses it: PORTAL_HEARTBEAT_URL is asked each minute, for as long as both queues beat.

The URL is a secret, as that of the webhook is: whoever knows it could keep the service quiet.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django.db.models.functions import Now

from reports.alarms.webhook import NotTold, get
from reports.models import Heartbeat

logger = logging.getLogger(__name__)
# A queue beats each minute.
BEATS_WITHIN = timedelta(minutes=2)
FAILED = "heartbeat-url:failed"


def give(clusters: Collection[str]) -> None:
    """Outside any scope and transaction. That nobody takes it is said once, and that somebody does again."""
    if not settings.PORTAL_HEARTBEAT_URL:
        return
    beating = Heartbeat.objects.filter(cluster__in=clusters, beat_at__gt=Now() - BEATS_WITHIN).count()
    if beating < len(clusters):
        return
    try:
        get(settings.PORTAL_HEARTBEAT_URL)
    except NotTold as error:
        if cache.add(FAILED, 1, timeout=None):
            logger.warning("PORTAL_HEARTBEAT_URL does not take the sign of life: %s", error)
    else:
        if cache.delete(FAILED):
            logger.warning("PORTAL_HEARTBEAT_URL takes the sign of life again")
