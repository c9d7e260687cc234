"""The mail that tells a schedule's owner who downloaded."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports import words
from reports.mails.content import Address, Content, Fact
from reports.mails.envelope import portal_name
from reports.models import Download, Notice

MOST = 50


def receipt(notice: Notice, now: datetime) -> Content | None:
    """None where nothing of it is left to tell, because somebody was erased meanwhile."""
    run = notice.occurrence
    if run is None or not run.schedule.receipts:
        return None
    since = datetime.fromisoformat(notice.data["since"])
    of_run = Download.objects.filter(tenant=notice.tenant, link__job__occurrence=run, at__gte=since, is_repeat=False)
    of_run = of_run.exclude(link__email__iexact=notice.address)
    found = list(of_run.select_related("file", "link__delivery").order_by("at")[: MOST + 1])
    if not found:
        return None
    values = {"report": run.schedule.title, "n": len(found) if len(found) <= MOST else f"{MOST}+"}
    title = ngettext("%(n)s download of %(report)s", "%(n)s downloads of %(report)s", len(found)) % values
    facts = [Fact(words.moment(download.at), f"{_who(download)}: {download.file.name}") for download in found[:MOST]]
    if len(found) > MOST:
        facts.append(Fact("…", _("The rest is on the page of the run.")))
    return Content(
        subject=title,
        owner=portal_name(),
        title=title,
        glance=_who(found[0]),
        paragraphs=(_("Of the run planned for %(at)s (%(city)s).") % {"at": words.moment_long(run.planned_at), "city": words.zone_city()},),
        button=Address(_("See the run"), f"{settings.PORTAL_BASE_URL}/t/{notice.tenant.slug}/schedules/{run.schedule_id}/runs/{run.pk}/"),
        facts=tuple(facts),
        notes=(_("You get this because the schedule tells its owner who downloads. Turn it off in the schedule, under Delivery."),),
        foot=portal_name(),
    )


def _who(download: Download) -> str:
    link = download.link
    name = link.delivery.name if link and link.delivery else ""
    address = link.email if link else ""
    return f"{name} <{address}>" if name and address else name or address or (link.reference if link else "")
