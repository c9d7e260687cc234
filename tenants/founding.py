"""How a company begins: its row, and the code by which links and keys find it. The platform file and staff's page both come here."""

from __future__ import annotations

from django.conf import settings

from tenants.models import Tenant, TenantCode

# Pages of staff that stand where a company's would: /staff/tenants/new/
RESERVED_SLUGS = frozenset({"new"})


def found(tenant: Tenant) -> Tenant:
    """In the platform's scope, or staff's. Raises IntegrityError where its slug or its id is another's."""
    tenant.save(force_insert=True)
    TenantCode.objects.create(code=tenant.code, tenant=tenant)
    return tenant


def lacks_bucket(tenant: Tenant) -> bool:
    """Its files would have no place."""
    return not tenant.bucket and not settings.PORTAL_BUCKET
