"""Pages of the older API's list. A token is signed for one tenant and one list, so it opens no other and cannot be made up."""

from __future__ import annotations

import base64
import uuid
from datetime import datetime

from django.core import signing
from django.db.models import Q

from reports.models import SnapshotJob
from reports.models.jobs import SnapshotJobQuerySet
from reports.refused import Refused
from tenants.models import Tenant

PAGE_SIZE = 100


def read_page(jobs: SnapshotJobQuerySet, tenant: Tenant, dashboard_id: str, token: str) -> tuple[list[SnapshotJob], str]:
    """A page, newest first, and the token of the next one; empty: this is the last. Raises Refused for a token that is not ours."""
    salt = f"reports.api.compat:{tenant.pk}:{dashboard_id}"
    if token:
        created_at, job_id = _decode(token, salt)
        # The first condition alone decides where the index is entered.
        jobs = jobs.filter(created_at__lte=created_at).filter(Q(created_at__lt=created_at) | Q(pk__lt=job_id))
    found = list(jobs.newest_first()[: PAGE_SIZE + 1])
    page = found[:PAGE_SIZE]
    return page, _encode(page[-1], salt) if len(found) > PAGE_SIZE else ""


def _encode(last: SnapshotJob, salt: str) -> str:
    """Base64 of a signed text: clients pass it on in a query without escaping it."""
    signed = signing.dumps([last.created_at.isoformat(), str(last.pk)], salt=salt)
    return base64.urlsafe_b64encode(signed.encode()).decode().rstrip("=")


def _decode(token: str, salt: str) -> tuple[datetime, uuid.UUID]:
    try:
        signed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii")
        created_at, job_id = signing.loads(signed, salt=salt)
    except (signing.BadSignature, ValueError):
        detail = "nextToken does not continue this list. Pass on the last answer's token unchanged, with the same dashboardId."
        raise Refused("invalid_cursor", detail) from None
    return datetime.fromisoformat(created_at), uuid.UUID(job_id)
