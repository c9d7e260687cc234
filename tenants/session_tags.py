"""The session tags of a company: which rows of each report are its own. Only staff and the platform file write them.

The database holds to that: the role that works inside a company may read them, and no more.
"""

from __future__ import annotations

from collections.abc import Mapping

from tenants.models import SessionTag, Tenant
from tenants.scope import as_tag_writer


def tags_of(tenant: Tenant) -> dict[str, str]:
    """In the tenant's scope."""
    return dict(SessionTag.objects.filter(tenant=tenant).order_by("key").values_list("key", "value"))


def lock(tenant: Tenant) -> None:
    """Until the commit nobody else changes them, so that what was compared is what is replaced. In the tenant's scope."""
    Tenant.objects.filter(pk=tenant.pk).select_for_update(of=("self",), no_key=True).get()


def write(tenant: Tenant, tags: Mapping[str, str]) -> None:
    """All of them, in place of those it has. In the tenant's scope, after `lock`."""
    present = tags_of(tenant)
    with as_tag_writer():
        SessionTag.objects.filter(tenant=tenant, key__in=present.keys() - tags.keys()).delete()
        for key, value in tags.items():
            if key not in present:
                SessionTag.objects.create(tenant=tenant, key=key, value=value)
            elif present[key] != value:
                SessionTag.objects.filter(tenant=tenant, key=key).update(value=value)
