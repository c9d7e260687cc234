"""The mail to somebody who has downloaded nothing of what was sent: the same link once more."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from reports import links, words
from reports.delivery.unsubscribing import unsubscribe_url
from reports.mails.content import Address, Content, Fact
from reports.models import Notice
from reports.nudges.reminding import link_to_remind_of


def reminder(notice: Notice, now: datetime) -> Content | None:
    """None where it was downloaded meanwhile, is not wanted any more, or cannot be had."""
    delivery = notice.link.delivery if notice.link else None
    if delivery is None or delivery.address != notice.address or link_to_remind_of(delivery, now) is None:
        return None
    made = links.for_delivery(delivery, now=now)
    tenant, schedule = notice.tenant, notice.schedule
    values = {"report": schedule.title if schedule else delivery.job.report.name, "company": tenant.public_name}
    city = words.zone_city()
    return Content(
        subject=_("Not opened yet: %(report)s") % values,
        owner=tenant.public_name,
        title=_("You have not opened %(report)s yet") % values,
        glance=_("Ready to download until %(until)s.") % {"until": words.moment(made.link.expires_at)},
        paragraphs=(_("It was sent to you on %(day)s.") % {"day": words.moment_long(delivery.sent_at or delivery.created_at)},),
        button=Address(_("Open the report"), made.url),
        facts=(Fact(_("Link ends"), f"{words.moment_long(made.link.expires_at)} ({city})"),),
        notes=(_("This link is yours alone; please do not forward it."), _("You are reminded once of each report.")),
        links=(Address(_("Stop these emails"), unsubscribe_url(notice)),),
        reply_to=tenant.reply_to,
        foot=_("Delivered for %(company)s by %(platform)s.") % (values | {"platform": settings.PLATFORM_NAME}),
        color=tenant.brand_color,
    )
