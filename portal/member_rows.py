"""What the page of members shows of each person: role, second step, when they were last here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import Max

from tenants.membership import members
from tenants.models import Membership, Tenant, User
from tenants.models.members import Role
from tenants.scope import as_login


@dataclass(frozen=True)
class MemberRow:
    membership: Membership
    has_second_step: bool
    # None: not within the life of a session.
    last_seen_at: datetime | None
    is_you: bool
    is_last_owner: bool

    @property
    def user(self) -> User:
        return self.membership.user

    @property
    def role(self) -> Role:
        return Role(self.membership.role)


def member_rows(tenant: Tenant, you: User) -> list[MemberRow]:
    """In the tenant's scope. Three questions, however many people there are."""
    found = members(tenant)
    people = [membership.user_id for membership in found]
    owners = sum(membership.role == Role.OWNER and membership.user.is_active for membership in found)
    with as_login():
        stepped = set(Authenticator.objects.filter(user__in=people, type=Authenticator.Type.TOTP).values_list("user_id", flat=True))
        seen = dict(UserSession.objects.filter(user__in=people).values_list("user_id").annotate(Max("last_seen_at")))
    return [
        MemberRow(
            membership,
            membership.user_id in stepped,
            seen.get(membership.user_id),
            membership.user_id == you.pk,
            membership.role == Role.OWNER and owners == 1,
        )
        for membership in found
    ]
