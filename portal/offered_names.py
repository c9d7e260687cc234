"""Groups and people whose names are offered while somebody types. Who is not among them is typed whole."""

from __future__ import annotations

from reports.models import Recipient, RecipientGroup
from tenants.models import Tenant

MOST = 500


def offered_names(tenant: Tenant) -> list[str]:
    groups = RecipientGroup.objects.filter(tenant=tenant).order_by("name").values_list("name", flat=True)
    people = Recipient.objects.for_tenant(tenant).order_by("email").values_list("email", flat=True)
    return [*groups[:MOST], *people[:MOST]]
