"""What the audit trail calls a recipient: an id, which says who it was for as long as the person is in the address book."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable

from reports.models import Recipient
from reports.models.audiences import RecipientQuerySet
from tenants.models import Tenant

REFERENCE = re.compile(r"recipient:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


def reference(recipient_id: uuid.UUID | str) -> str:
    return f"recipient:{recipient_id}"


def references(people: RecipientQuerySet) -> list[str]:
    return sorted(reference(pk) for pk in people.values_list("pk", flat=True))


def addresses(tenant: Tenant, ids: Iterable[str]) -> dict[str, str]:
    """By id, of those who are in the address book. In the tenant's scope; one statement."""
    found = Recipient.objects.for_tenant(tenant).filter(pk__in=set(ids))
    return {str(pk): email for pk, email in found.values_list("pk", "email")}
