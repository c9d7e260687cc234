"""[[tenant.member]]: who belongs to a tenant, and the invitations of those who have no password yet."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from portal.inviting import ask_for_mail
from portal.platform_file.reading import Entry
from portal.platform_file.retiring import members_of, remove_invitation, remove_member
from portal.platform_file.run import Run
from tenants import invitations
from tenants.membership import lock_owners
from tenants.models import Invitation, Membership, Tenant, User
from tenants.models.members import Role


def apply_members(tenant: Tenant, people: dict[str, User | None], entries: list[Entry], run: Run) -> None:
    """In the tenant's scope. `people`: the users of these addresses who exist, new ones included."""
    present = {member.user.email.lower(): member for member in members_of(tenant)}
    owners, owned_by = lock_owners(tenant), {email for email, member in present.items() if member.role == Role.OWNER}
    for entry in entries:
        member = present.get(entry.label)
        if entry.absent:
            _remove(tenant, member, entry.label, run)
        elif member is not None:
            role = entry.values.get("role", member.role)
            run.changes.update("member", f"{tenant.slug}/{entry.label}", member, {"role": role}, tenant)
        elif entry.needs("role"):
            _add(tenant, people.get(entry.label), entry, run)
    if owners and not lock_owners(tenant):
        _refuse_last([entry for entry in entries if entry.label in owned_by])


def _refuse_last(entries: list[Entry]) -> None:
    """An invited owner is none before the first sign-in, so that they do not count."""
    for entry in entries:
        entry.fault("absent" if entry.absent else "role", _("the company would be left without an owner. Make another member one as well."))


def _remove(tenant: Tenant, member: Membership | None, email: str, run: Run) -> None:
    if member is not None:
        remove_member(member, tenant, run)
    theirs = Q(email=email) | Q(invited_by=email) if member is not None else Q(email=email)
    for invitation in Invitation.objects.filter(theirs, tenant=tenant, accepted_at=None):
        remove_invitation(invitation, tenant, run)


def _add(tenant: Tenant, user: User | None, entry: Entry, run: Run) -> None:
    """With `password_env` a member at once; without it the person is invited, even one who has an account already."""
    role = entry.values["role"]
    if "password_env" not in entry.values:
        if "password_env" not in entry.bad:
            _invite(tenant, entry.label, role, run)
        return
    if user is None:
        return
    member = Membership.objects.create(tenant=tenant, user=user, role=role)
    run.changes.added("member", f"{tenant.slug}/{entry.label}", member, {"role": role}, tenant)
    for invitation in Invitation.objects.filter(tenant=tenant, email=entry.label, accepted_at=None):
        remove_invitation(invitation, tenant, run)


def _invite(tenant: Tenant, email: str, role: str, run: Run) -> None:
    name = f"{tenant.slug}/{email}"
    invitation = Invitation.objects.open(run.now).filter(tenant=tenant, email=email).first()
    if invitation is not None:
        run.changes.update("invitation", name, invitation, {"role": role}, tenant)
        return
    invitation, _token = Invitation.issue(tenant, email, role, run.now)
    run.changes.added("invitation", name, invitation, {"role": role, "expires_at": invitation.expires_at}, tenant)
    told = {"name": name, "url": invitations.url(invitation)}
    if settings.EMAIL_URL:
        ask_for_mail(invitation, run.now)
        run.changes.shown_once.append(_("Invitation for %(name)s, shown once and sent by email: %(url)s") % told)
    else:
        run.changes.shown_once.append(_("Invitation for %(name)s, shown once: %(url)s") % told)
