"""The mails around a link that somebody asked for on its page: a new one, a code, and that its files are there again."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports import links, words
from reports.mails.content import Address, Content, Fact
from reports.models import Notice


def new_link(notice: Notice, now: datetime) -> Content | None:
    if not _is_wanted(notice):
        return None
    title = _("Your new link to %(report)s")
    notes = [_("You get this because somebody asked for a new link on the page of the old one. If it was not you, do nothing.")]
    return _with_link(notice, title, _("The old one no longer opens it."), notes, now)


def ready_again(notice: Notice, now: datetime) -> Content | None:
    if not _is_wanted(notice):
        return None
    title = _("%(report)s is ready again")
    return _with_link(notice, title, _("The files were prepared again, as you asked."), [], now)


def code(notice: Notice, now: datetime) -> Content | None:
    """The digits are made here and stand in this mail alone; a second try makes others."""
    link = notice.link
    if link is None or not link.is_working(now):
        return None
    digits = links.new_code(link, now)
    report = {"report": link.job.report.name}
    minutes = int(links.CODE_LIFE.total_seconds() // 60)
    return to_customer(
        notice,
        subject=_("Your passcode for %(report)s") % report,
        title=_("Your passcode for %(report)s") % report,
        glance=_("The passcode stands in the mail."),
        paragraphs=(_("Type it on the page that asked for it."),),
        code=digits,
        facts=(Fact(_("Valid for"), ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}),),
        notes=(_("Nobody will ever ask you for it by phone or mail. If you did not ask for a passcode, do nothing."),),
    )


def _is_wanted(notice: Notice) -> bool:
    """A link that was revoked meanwhile stays so."""
    return notice.link is not None and notice.link.revoked_at is None


def _with_link(notice: Notice, title: str, lead: str, notes: list[str], now: datetime) -> Content:
    made = links.for_notice(notice, now=now)
    title %= {"report": made.link.job.report.name}
    ends = f"{words.moment_long(made.link.expires_at)} ({words.zone_city()})"
    return to_customer(
        notice,
        subject=title,
        title=title,
        glance=_("Ready to download until %(until)s.") % {"until": words.moment(made.link.expires_at)},
        paragraphs=(lead,),
        button=Address(_("Open the report"), made.url),
        facts=(Fact(_("Link ends"), ends),),
        notes=(_("This link is yours alone; please do not forward it."), *notes),
    )


def to_customer(
    notice: Notice,
    *,
    subject: str,
    title: str,
    glance: str,
    paragraphs: tuple[str, ...],
    facts: tuple[Fact, ...],
    notes: tuple[str, ...],
    button: Address | None = None,
    code: str = "",
) -> Content:
    tenant = notice.tenant
    return Content(
        subject=subject,
        owner=tenant.public_name,
        title=title,
        glance=glance,
        paragraphs=paragraphs,
        button=button,
        code=code,
        facts=facts,
        notes=notes,
        reply_to=tenant.reply_to,
        foot=_("Delivered for %(company)s by %(platform)s.") % {"company": tenant.public_name, "platform": settings.PLATFORM_NAME},
        color=tenant.brand_color,
    )
