"""The mail that invites somebody to become a member."""

from __future__ import annotations

from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports import words
from reports.mails.content import Address, Content, Fact
from reports.mails.envelope import portal_name
from reports.models import Notice
from tenants import invitations
from tenants.models import Invitation
from tenants.models.members import Role

WHAT_THEY_DO: dict[str, Promise] = {
    Role.VIEWER: gettext_lazy("You can look at jobs and download reports of %(company)s."),
    Role.ADMIN: gettext_lazy("You can run and schedule reports of %(company)s, and say who gets them."),
    Role.OWNER: gettext_lazy("You can run and schedule reports of %(company)s, and say who gets them and who else may."),
}


def invitation(notice: Notice, now: datetime) -> Content | None:
    """None once it was accepted, taken back or over."""
    found = Invitation.objects.open(now).filter(tenant=notice.tenant, pk=notice.data["invitation"]).first()
    if found is None:
        return None
    company = {"company": notice.tenant.name}
    title = _("You are invited to %(company)s") % company
    ends = f"{words.moment_long(found.expires_at)} ({words.zone_city()})"
    return Content(
        subject=title,
        owner=portal_name(),
        title=title,
        glance=_("The invitation ends on %(ends)s.") % {"ends": ends},
        paragraphs=(str(WHAT_THEY_DO[found.role]) % company,),
        button=Address(_("Accept the invitation"), invitations.url(found)),
        facts=(Fact(_("Role"), str(Role(found.role).label)), Fact(_("For"), found.email), Fact(_("Ends"), ends)),
        notes=(
            _("The page asks you for a password, or to sign in if you have an account; nothing happens before you press its button."),
            _("You did not expect this? Do nothing, and no account is made."),
        ),
        reply_to=notice.tenant.reply_to,
        foot=portal_name(),
    )
