"""[[tenant.group]]: recipients who are named together. Who is in a group when a schedule runs gets its files."""

from __future__ import annotations

from portal.platform_file import recipients
from portal.platform_file.reading import Entry
from portal.platform_file.run import Run
from reports.address_book.references import reference
from reports.models import GroupMember, RecipientGroup
from tenants.models import Tenant


def apply_groups(tenant: Tenant, entries: list[Entry], run: Run) -> None:
    """In the tenant's scope."""
    present = {group.name: group for group in RecipientGroup.objects.filter(tenant=tenant)}
    for entry in entries:
        group = present.get(entry.label)
        if entry.absent:
            if group is not None:
                _remove(tenant, group, run)
        elif group is not None or entry.needs("recipients"):
            _write(tenant, group, entry, run)


def _write(tenant: Tenant, group: RecipientGroup | None, entry: Entry, run: Run) -> None:
    if group is None:
        group = RecipientGroup.objects.create(tenant=tenant, name=entry.label)
        run.changes.added("group", f"{tenant.slug}/{group.name}", group, {}, tenant)
    if "recipients" not in entry.values:
        return
    wanted = entry.values["recipients"]
    recipients.check_domains(tenant, wanted, entry, "recipients")
    for recipient in recipients.find_or_create(tenant, wanted, run):
        member, is_new = GroupMember.objects.get_or_create(tenant=tenant, group=group, recipient=recipient)
        if is_new:
            who = {"person": reference(recipient.pk)}
            run.changes.added("group_member", f"{tenant.slug}/{group.name}/{recipient.email}", member, who, tenant)
    for member in GroupMember.objects.filter(tenant=tenant, group=group).exclude(recipient__email__in=wanted).select_related("recipient"):
        who = {"person": reference(member.recipient_id)}
        run.changes.removed("group_member", f"{tenant.slug}/{group.name}/{member.recipient.email}", member, who, tenant)
        GroupMember.objects.filter(tenant=tenant, pk=member.pk).delete()


def _remove(tenant: Tenant, group: RecipientGroup, run: Run) -> None:
    """Its addresses stay in the tenant's address book."""
    run.changes.removed("group", f"{tenant.slug}/{group.name}", group, {}, tenant)
    RecipientGroup.objects.filter(tenant=tenant, pk=group.pk).delete()
