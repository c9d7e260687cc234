"""Which destinations get the files of an audience, beside its people. A schedule's own are those of its audience without a name."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.utils.translation import gettext as _

from reports.models import Audience, AudienceDestination, Destination, Schedule
from reports.refused import Place, Refused
from tenants.models import Tenant


def by_id(tenant: Tenant, ids: Sequence[uuid.UUID | str]) -> list[Destination]:
    """In the tenant's scope. Raises Refused("unknown_reference")."""
    wanted = [uuid.UUID(str(pk)) for pk in ids]
    known = {row.pk: row for row in Destination.objects.for_tenant(tenant).filter(pk__in=wanted)}
    detail = _("There is no such destination.")
    if unknown := tuple(Place(("destinations", str(n)), "does_not_exist", detail) for n, pk in enumerate(wanted) if pk not in known):
        raise Refused("unknown_reference", detail, unknown)
    return list(known.values())


def of_audience(audience: Audience | None) -> list[uuid.UUID]:
    """In the tenant's scope."""
    if audience is None:
        return []
    rows = AudienceDestination.objects.filter(tenant=audience.tenant_id, audience=audience)
    return list(rows.order_by("destination__name").values_list("destination", flat=True))


def told(audience: Audience) -> list[str]:
    """By name, for the audit trail."""
    rows = AudienceDestination.objects.filter(tenant=audience.tenant_id, audience=audience)
    return list(rows.order_by("destination__name").values_list("destination__name", flat=True))


def of_schedule(schedule: Schedule) -> list[str]:
    """Names of all, whichever audience's rows they get."""
    rows = Destination.objects.filter(tenant=schedule.tenant_id, audiences__schedule=schedule)
    return list(rows.order_by("name").values_list("name", flat=True).distinct())


def put(audience: Audience, wanted: Sequence[Destination]) -> tuple[list[str], list[str]]:
    """The audience gets these and no others. Returns what it had and has, as `told`. In the tenant's scope."""
    before = told(audience)
    # One that is deleted just now is gone before this row refers to it, or is found in use.
    AudienceDestination.objects.filter(tenant=audience.tenant_id, audience=audience).exclude(destination__in=wanted).delete()
    AudienceDestination.objects.bulk_create(
        [AudienceDestination(tenant_id=audience.tenant_id, audience=audience, destination=row) for row in wanted], ignore_conflicts=True
    )
    return before, told(audience)
