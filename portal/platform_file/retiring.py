"""`absent = true` on a tenant: nobody gets in and nothing runs any more; what was done stays on record."""

from __future__ import annotations

from django.db.models import QuerySet

from portal.platform_file.keys import revoke
from portal.platform_file.run import Run
from portal.signed_in import end_sessions
from reports.branding import remove_logo
from reports.models import Grant, Link, Schedule
from tenants.models import ApiKey, Invitation, Membership, Tenant


def retire(tenant: Tenant, run: Run) -> None:
    """In the tenant's scope. The row itself stays: jobs and audit rows point at it, and audit rows are never deleted."""
    for key in ApiKey.objects.filter(tenant=tenant, revoked_at=None):
        revoke(key, tenant, run)
    for membership in members_of(tenant):
        remove_member(membership, tenant, run)
    for invitation in Invitation.objects.filter(tenant=tenant, accepted_at=None):
        remove_invitation(invitation, tenant, run)
    for schedule in Schedule.objects.for_tenant(tenant).kept():
        remove_schedule(schedule, tenant, run)
    for grant in Grant.objects.for_tenant(tenant).filter(withdrawn_at=None).select_related("report"):
        withdraw(grant, grant.report.slug, tenant, run)
    live = Link.objects.for_tenant(tenant).active(run.now)
    for link in live:
        run.changes.removed("link", f"{tenant.slug}/{link.reference}", link, {"expires_at": link.expires_at}, tenant)
    live.revoke(run.now)
    if tenant.logo_hash:
        run.changes.removed("logo", tenant.slug, tenant, {"logo_hash": tenant.logo_hash}, tenant)
        remove_logo(tenant)


def members_of(tenant: Tenant) -> QuerySet[Membership]:
    """With their addresses; a tenant may not read the rest of a user."""
    return Membership.objects.filter(tenant=tenant).select_related("user").only("role", "tenant_id", "user__email")


def remove_member(membership: Membership, tenant: Tenant, run: Run) -> None:
    for key in ApiKey.objects.not_revoked().filter(tenant=tenant, created_by=membership.user_id):
        revoke(key, tenant, run)
    run.changes.removed("member", f"{tenant.slug}/{membership.user.email}", membership, {"role": membership.role}, tenant)
    Membership.objects.filter(tenant=tenant, pk=membership.pk).delete()
    end_sessions(membership.user)


def remove_invitation(invitation: Invitation, tenant: Tenant, run: Run) -> None:
    run.changes.removed("invitation", f"{tenant.slug}/{invitation.email}", invitation, {"role": invitation.role}, tenant)
    Invitation.objects.filter(tenant=tenant, pk=invitation.pk).delete()


def remove_schedule(schedule: Schedule, tenant: Tenant, run: Run) -> None:
    before = {"cron": schedule.cron, "timezone": schedule.timezone, "formats": schedule.formats}
    run.changes.removed("schedule", f"{tenant.slug}/{schedule.slug}", schedule, before, tenant)
    # What it did stays on record, and so does the row that this points at.
    Schedule.objects.for_tenant(tenant).filter(pk=schedule.pk).update(retired_at=run.now, next_run_at=None)


def withdraw(grant: Grant, slug: str, tenant: Tenant, run: Run) -> None:
    run.changes.removed("grant", f"{tenant.slug}/{slug}", grant, {"parameters": grant.parameters}, tenant)
    Grant.objects.for_tenant(tenant).filter(pk=grant.pk).update(withdrawn_at=run.now)
    grant.withdrawn_at = run.now
