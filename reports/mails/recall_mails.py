"""The mails to those who downloaded a report that was corrected or withdrawn since."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from reports import links, words
from reports.mails.content import Address, Content, Fact
from reports.mails.link_mails import to_customer
from reports.models import Link, Notice, SnapshotJob
from tenants.models import Membership


def corrected(notice: Notice, now: datetime) -> Content | None:
    """None for those who would not be sent the report any more: to them nothing is said of the new version."""
    job, link = notice.job, notice.link
    if job is None or job.recalled_at or not _may_know(notice):
        return None
    if link is not None and (link.revoked_at or link.is_locked):
        return None
    title = _("%(report)s was corrected") % {"report": job.report.name}
    made = links.for_notice(notice, now=now) if link else None
    ends = (Fact(_("Link ends"), f"{words.moment_long(made.link.expires_at)} ({words.zone_city()})"),) if made else ()
    return to_customer(
        notice,
        subject=title,
        title=title,
        glance=_("A new version is there."),
        paragraphs=(_("You downloaded a version of this report that was wrong. A new version is there; please use it instead."),),
        button=Address(_("Open the report"), made.url if made else _page_of(job)),
        facts=(_what_was_wrong(job.replaces_because), *ends),
        notes=(_("You get this because you downloaded the earlier version."),),
    )


def recalled(notice: Notice, now: datetime) -> Content | None:
    """Also to those who would not be sent it any more, for they have the file; without what was wrong with it."""
    job = notice.job
    if job is None:
        return None
    values = {"report": job.report.name, "company": notice.tenant.public_name}
    title = _("%(report)s was withdrawn") % values
    return to_customer(
        notice,
        subject=title,
        title=title,
        glance=_("Please do not use the file that you downloaded."),
        paragraphs=(
            _("%(company)s withdrew a report that you downloaded. It can no longer be opened.") % values,
            _("Please do not use the file that you downloaded, and delete it."),
        ),
        facts=(_what_was_wrong(job.recalled_because),) if _may_know(notice) else (),
        notes=(_("You get this because you downloaded it."),),
    )


def _what_was_wrong(because: str) -> Fact:
    return Fact(_("What was wrong"), because)


def _may_know(notice: Notice) -> bool:
    """By a link as on its page; a member as long as they are one."""
    if notice.link is None:
        return Membership.objects.filter(tenant=notice.tenant, user__email=notice.address, user__is_active=True).exists()
    link = Link.objects.for_tenant(notice.tenant).select_related("tenant", "job", "superseded_by", "delivery").get(pk=notice.link.pk)
    return link.pk in links.entitled([link])


def _page_of(job: SnapshotJob) -> str:
    return f"{settings.PORTAL_BASE_URL}/t/{job.tenant.slug}/jobs/{job.pk}/"
