"""The mail with the way into an archive, asked for on a link's page or on the company's own."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports import archive
from reports.mails.content import Address, Content, Fact
from reports.mails.link_mails import to_customer
from reports.models import Notice


def way_in(notice: Notice, now: datetime) -> Content | None:
    """None for an address that nothing was sent to: then nobody gets a mail, and who asked is told the same."""
    url = archive.for_notice(notice, now)
    if url is None:
        return None
    company = {"company": notice.tenant.public_name}
    minutes = int(archive.LIFE.total_seconds() // 60)
    return to_customer(
        notice,
        subject=_("Your reports from %(company)s") % company,
        title=_("Your reports from %(company)s") % company,
        glance=_("Everything that was sent to this address, on one page."),
        paragraphs=(_("Here is everything that %(company)s sent to this address in the last 90 days.") % company,),
        button=Address(_("See my reports"), url),
        facts=(Fact(_("Valid for"), ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}), Fact(_("Opens"), _("Once"))),
        notes=(
            _("Please do not forward this email: whoever opens it sees your reports."),
            _("You get this because somebody asked for it with your address. If it was not you, do nothing."),
        ),
    )
