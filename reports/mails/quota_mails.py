"""The mail that tells a company's owner that most of what it may use is used."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from reports import quotas, words
from reports.mails.content import Address, Content, Fact
from reports.mails.envelope import portal_name
from reports.models import Notice


def near(notice: Notice, now: datetime) -> Content | None:
    """None once there is more room again: the day is over, something was removed, or the limit is a higher one."""
    found = next((one for one in quotas.standings(notice.tenant, now) if one.kind == notice.data["quota"]), None)
    if found is None or found.limit is None or not found.is_near:
        return None
    values = {"company": notice.tenant.name, "quota": found.words, "used": found.used_words, "limit": found.limit_words}
    facts = [Fact(str(found.words), _("%(used)s of %(limit)s") % values)]
    if found.resets_at:
        facts.append(Fact(_("Starts again"), f"{words.moment_long(found.resets_at)} ({words.zone_city()})"))
    title = _("Used up at %(company)s: %(quota)s") if found.is_full else _("Nearly used up at %(company)s: %(quota)s")
    return Content(
        subject=title % values,
        owner=portal_name(),
        title=title % values,
        glance=_("%(used)s of %(limit)s") % values,
        paragraphs=(str(quotas.AT_THE_LIMIT[found.kind]), _("For more ask %(platform)s.") % {"platform": settings.PLATFORM_NAME}),
        button=Address(_("See usage"), f"{settings.PORTAL_BASE_URL}/t/{notice.tenant.slug}/settings/usage/"),
        facts=tuple(facts),
        foot=portal_name(),
    )
