"""A company that platform staff suspended: nobody of it comes in, and nothing of it runs, until they resume it."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from tenants.models import Tenant

CODE = "tenant_suspended"


class TenantSuspended(PermissionDenied):
    """In words for its own people. `tenant`: which one."""

    def __init__(self, tenant: Tenant) -> None:
        super().__init__(_("%(company)s is suspended: %(because)s") % {"company": tenant.name, "because": tenant.suspended_because})
        self.tenant = tenant
        self.code = CODE


def refuse_suspended(tenant: Tenant) -> None:
    """Raises TenantSuspended. Inside its scope, before anything is done for a member, a key or a visitor."""
    if tenant.suspended_at is not None:
        raise TenantSuspended(tenant)
