"""The owners' week."""

from __future__ import annotations

from datetime import date, datetime

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports import words
from reports.delivery.unsubscribing import unsubscribe_url
from reports.mails.content import Address, Content, Fact, Section
from reports.mails.envelope import portal_name
from reports.models import Notice
from reports.nudges.week import Week, week_of


def digest(notice: Notice, now: datetime) -> Content | None:
    tenant = notice.tenant
    week = week_of(tenant, date.fromisoformat(notice.data["week"]), now)
    jobs = ngettext("%(n)s job delivered", "%(n)s jobs delivered", week.completed) % {"n": words.whole(week.completed)}
    needs = ngettext("%(n)d thing needs you", "%(n)d things need you", len(week.needs)) % {"n": len(week.needs)} if week.needs else ""
    return Content(
        subject=_("Your week: %(what)s") % {"what": ", ".join(filter(None, (jobs, needs)))},
        owner=portal_name(),
        title=_("Your week at %(company)s") % {"company": tenant.name},
        glance=", ".join(filter(None, (_share(week), needs))),
        paragraphs=(_("%(first)s to %(last)s.") % {"first": words.day_long(week.first), "last": words.day_long(week.last)},),
        facts=tuple(_facts(week, jobs)),
        sections=tuple(_sections(week)),
        button=Address(_("Open Home"), f"{settings.PORTAL_BASE_URL}/t/{tenant.slug}/"),
        notes=(_("Sent on Mondays to owners."),),
        links=(Address(_("Stop this email"), unsubscribe_url(notice)),),
        foot=portal_name(),
    )


def _share(week: Week) -> str:
    return _("%(share)s %% without failure") % {"share": f"{week.share:.1f}"} if week.share is not None else ""


def _facts(week: Week, jobs: str) -> list[Fact]:
    facts = [Fact(_("Jobs"), ", ".join(filter(None, (jobs, _share(week)))))]
    facts.append(Fact(_("Downloads"), words.whole(week.downloads)))
    return facts


def _sections(week: Week) -> list[Section]:
    lines = [_("%(name)s: %(n)d of %(all)d") % {"name": name, "n": good, "all": due} for name, good, due in week.on_time]
    if week.more_schedules:
        lines.append(ngettext("%(n)d more schedule", "%(n)d more schedules", week.more_schedules) % {"n": week.more_schedules})
    found = [Section(_("On time, by schedule"), tuple(lines)), Section(_("Needs you"), tuple(week.needs))]
    return [section for section in found if section.lines]
