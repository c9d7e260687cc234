"""The order in which rows are locked by who acts on many jobs: the jobs that are to move, then their occurrences, then what counts them.

It is the order of a job that ends by itself. Two whose jobs belong to the same occurrences wait for each other, and not both for ever.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from reports.models import Occurrence
from tenants.models import Tenant


def lock_occurrences(tenant: Tenant | uuid.UUID, ids: Iterable[uuid.UUID | None]) -> None:
    """All of them before the first is settled. In the tenant's scope."""
    if wanted := {pk for pk in ids if pk}:
        rows = Occurrence.objects.filter(tenant=tenant, pk__in=wanted).order_by("pk")
        list(rows.select_for_update(of=("self",)).values_list("pk"))
