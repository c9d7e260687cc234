"""A company that platform staff suspended: nobody of it comes in, and nothing of it runs, until they resume it.

Who serves it looks at `suspended_at` of the row that was read anyway: pages (portal/pages.py), links (portal/link_pages.py), both APIs
(reports/api/tenant_view.py), runs (reports/occurrences), mail (reports/delivery/carrying.py).
"""

from __future__ import annotations

from django.db import connection

from tenants.models import Tenant

# With a hash of the tenant's id; other locks of the portal have numbers of their own.
LOCK_CLASS = 7205


def is_suspended(tenant: Tenant) -> bool:
    """As it is now."""
    return Tenant.objects.filter(pk=tenant.pk).exclude(suspended_at=None).exists()


def one_at_a_time(tenant: Tenant) -> None:
    """Until the commit: what suspends, resumes or pauses this company goes one after the other. Any role may take it."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK_CLASS, str(tenant.pk)])
