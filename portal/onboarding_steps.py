"""How far a new company has come: what staff see of it until its own people go on alone. Inside the company."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from reports.models import Notice, Schedule, SnapshotJob
from tenants.models import Invitation, Membership, Tenant, User
from tenants.models.members import Role
from tenants.scope import as_login

Status = Notice.Status
MAIL: dict[str, Promise] = {
    Status.PENDING: gettext_lazy("the email waits to be sent"),
    Status.SENDING: gettext_lazy("the email is being sent"),
    Status.SENT: gettext_lazy("the email was sent"),
    Status.BOUNCED: gettext_lazy("the email bounced: the address is wrong, or its server refuses us"),
    Status.FAILED: gettext_lazy("the email could not be sent"),
    Status.SUPPRESSED: gettext_lazy("the email was not sent: nothing goes to this address"),
}


@dataclass(frozen=True)
class Step:
    """`href` and `verb`: where staff do it; empty: it is done, or for the company's own people."""

    word: str
    meta: str
    is_done: bool
    href: str = ""
    verb: str = ""


def steps(tenant: Tenant, missing_tags: Collection[str], reports: int, people: Sequence[Membership], now: datetime) -> list[Step]:
    """All of them; none once all are done. `reports`: how many it is offered."""
    owners = [member for member in people if member.role == Role.OWNER]
    has_run, has_schedule = _began(tenant)
    invited, told = (True, _names(owners)) if owners else _invitation(tenant, now)
    came = _came(owners)
    found = [
        Step(_("Session tags"), _missing(missing_tags), not missing_tags, _page("staff_tags", tenant, missing_tags), _("Set tags")),
        Step(_("Reports"), _offered(reports), bool(reports), _page("staff_tenant_grant", tenant, not reports), _("Grant a report")),
        Step(
            _("Owner invited"),
            told,
            invited,
            _page("staff_tenant_invite", tenant, not owners),
            _("Invite again") if invited else _("Invite"),
        ),
        Step(_("Owner signed in"), "" if came else _("The invitation leads to a password and into the company."), came),
        Step(_("First report run"), "" if has_run else _("Its people run one on the page Reports."), has_run),
        Step(_("First schedule"), "" if has_schedule else _("From then on reports go out by themselves."), has_schedule),
    ]
    return [] if all(step.is_done for step in found) else found


def _page(name: str, tenant: Tenant, is_wanted: object) -> str:
    return reverse(name, args=[tenant.slug]) if is_wanted else ""


def _began(tenant: Tenant) -> tuple[bool, bool]:
    """Whether a report was delivered, and whether something is scheduled. One statement."""
    ran = SnapshotJob.objects.filter(tenant=OuterRef("pk"), status=SnapshotJob.Status.COMPLETED).visible()
    planned = Schedule.objects.filter(tenant=OuterRef("pk")).kept()
    return Tenant.objects.filter(pk=tenant.pk).values_list(Exists(ran), Exists(planned)).get()


def _missing(keys: Collection[str]) -> str:
    return _("Without a value: %(keys)s.") % {"keys": ", ".join(keys)} if keys else _("All that its reports need have a value.")


def _offered(number: int) -> str:
    return ngettext("%(n)d report granted.", "%(n)d reports granted.", number) % {"n": number} if number else _("None is granted yet.")


def _names(owners: list[Membership]) -> str:
    return ", ".join(owner.user.email for owner in owners)


def _invitation(tenant: Tenant, now: datetime) -> tuple[bool, str]:
    """Whether one is open, and what became of its mail."""
    asked = Invitation.objects.filter(tenant=tenant, role=Role.OWNER, accepted_at=None).order_by("-created_at").first()
    if asked is None:
        return False, _("Nobody is invited.")
    if asked.expires_at <= now:
        return False, _("%(email)s: the invitation has ended.") % {"email": asked.email}
    if not settings.EMAIL_URL:
        return True, _("%(email)s: emails leave once EMAIL_URL is set.") % {"email": asked.email}
    status = Notice.objects.filter(tenant=tenant, key=f"invitation:{asked.pk}").values_list("status", flat=True).first()
    return True, f"{asked.email}: {MAIL[status or Status.PENDING]}."


def _came(owners: list[Membership]) -> bool:
    if not owners:
        return False
    # When somebody last signed in is of no company.
    with as_login():
        return User.objects.filter(pk__in=[owner.user_id for owner in owners], last_login__isnull=False).exists()
