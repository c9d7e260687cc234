"""[[tenant]]: the tenant's own row and its session tags; its grants, members, keys, groups and schedules are in files of their own."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from portal.platform_file import grants, groups, keys, members, schedules
from portal.platform_file.people import find_or_create
from portal.platform_file.reading import Entry
from portal.platform_file.retiring import retire
from portal.platform_file.run import Run
from tenants import founding, session_tags
from tenants.models import SessionTag, Tenant
from tenants.scope import as_tag_writer, platform_scope, tenant_scope

GIB = 1024**3
FIELDS = (
    "slug",
    "name",
    "timezone",
    "bucket",
    "weight",
    "max_running",
    "max_waiting",
    "mfa",
    "language",
    "sender_name",
    "reply_to",
    "brand_color",
    "brand_name",
    "allow_attachments",
    "recipient_domains",
    "retention_days",
)


def apply_tenant(entry: Entry, run: Run) -> None:
    """One scope after the other, never one inside the other: the platform's, none, the tenant's."""
    with platform_scope():
        tenant = Tenant.objects.filter(slug=entry.label).first()
        if not entry.absent:
            tenant = _write(tenant, entry, run)
    if entry.absent:
        if tenant is not None:
            with tenant_scope(tenant):
                retire(tenant, run)
        return
    assert tenant is not None
    people = {member.label: find_or_create(member, run) for member in entry.children["member"] if not member.absent}
    secrets = [keys.find_secret(key, tenant, run) for key in entry.children["api_key"]]
    with tenant_scope(tenant):
        tags = _tags(tenant, entry, run)
        offered = grants.apply_grants(tenant, tags, entry, run)
        members.apply_members(tenant, people, entry.children["member"], run)
        keys.apply_keys(tenant, [secret for secret in secrets if secret is not None], run)
        groups.apply_groups(tenant, entry.children["group"], run)
        for schedule in entry.children["schedule"]:
            schedules.apply_schedule(tenant, tags, offered, schedule, run)


def _write(tenant: Tenant | None, entry: Entry, run: Run) -> Tenant:
    """A faulty entry is written as far as it goes, so that its other faults are found too: the run is rolled back anyway."""
    values: dict[str, Any] = {key: entry.values[key] for key in FIELDS if key in entry.values}
    if "links" in entry.values:
        links, default = entry.values["links"], Tenant()
        values["link_days"] = links.get("days", default.link_days)
        values["link_max_uses"] = links.get("max_uses", default.link_max_uses)
    values |= _quotas(entry)
    if tenant is None:
        entry.needs("name")
        tenant = founding.found(Tenant(**values))
        run.changes.added("tenant", tenant.slug, tenant, values, tenant)
    else:
        run.changes.update("tenant", tenant.slug, tenant, values, tenant)
    if founding.lacks_bucket(tenant) and "bucket" not in entry.bad:
        entry.fault("bucket", _("is needed while PORTAL_BUCKET is not set: set that variable, or give the tenant a bucket of its own."))
    return tenant


def _quotas(entry: Entry) -> dict[str, int | None]:
    """What the table does not name has no limit."""
    if "quotas" not in entry.values:
        return {}
    wanted: dict[str, int] = entry.values["quotas"]
    if "waiting_jobs" in wanted and "max_waiting" in entry.values:
        entry.fault("quotas.waiting_jobs", _("is the same as max_waiting: keep one of the two."))
    storage = wanted.get("storage_gb")
    quotas = {
        "jobs_per_day": wanted.get("jobs_per_day"),
        "max_waiting": wanted.get("waiting_jobs"),
        "max_recipients": wanted.get("recipients"),
        "max_storage_bytes": None if storage is None else storage * GIB,
    }
    if "max_waiting" in entry.values:
        del quotas["max_waiting"]
    return quotas


def _tags(tenant: Tenant, entry: Entry, run: Run) -> dict[str, str]:
    """The tags the tenant has afterwards. In its scope."""
    wanted: dict[str, str] = entry.values.get("session_tags", session_tags.tags_of(tenant))
    if wanted == session_tags.tags_of(tenant):
        return wanted
    session_tags.lock(tenant)
    present = {tag.key: tag for tag in SessionTag.objects.filter(tenant=tenant)}
    with as_tag_writer():
        for key, tag in present.items():
            if key not in wanted:
                run.changes.removed("session_tag", f"{tenant.slug}/{key}", tag, {key: tag.value}, tenant)
                SessionTag.objects.filter(tenant=tenant, pk=tag.pk).delete()
        for key, value in wanted.items():
            if key in present:
                run.changes.update("session_tag", f"{tenant.slug}/{key}", present[key], {"value": value}, tenant)
            else:
                tag = SessionTag.objects.create(tenant=tenant, key=key, value=value)
                run.changes.added("session_tag", f"{tenant.slug}/{key}", tag, {key: value}, tenant)
    return wanted
