"""The owners' week."""

from __future__ import annotations

from datetime import date, datetime

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports import words
from reports.delivery.unsubscribing import unsubscribe_url
from reports.mails.content import Address, Content, Fact, Measure, Section
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
        figures=tuple(_figures(week)),
        sections=tuple(_sections(week)),
        button=Address(_("Open Home"), f"{settings.PORTAL_BASE_URL}/t/{tenant.slug}/"),
        notes=(_("Sent on Mondays to owners."),),
        links=(Address(_("Stop this email"), unsubscribe_url(notice)),),
        foot=portal_name(),
    )


def _share(week: Week) -> str:
    return _("%(share)s without failure") % {"share": _percent(week)} if week.share is not None else ""


def _percent(week: Week) -> str:
    return f"{number_format(week.share or 0, 1)} %"


def _figures(week: Week) -> list[Fact]:
    delivered = ngettext("job delivered", "jobs delivered", week.completed)
    figures = [Fact(delivered, words.whole(week.completed))]
    if week.share is not None:
        figures.append(Fact(_("without failure"), _percent(week)))
    figures.append(Fact(ngettext("download", "downloads", week.downloads), words.whole(week.downloads)))
    return figures


def _sections(week: Week) -> list[Section]:
    measures = [Measure(name, _("%(n)d of %(all)d") % {"n": good, "all": due}, 100 * good // due) for name, good, due in week.on_time]
    more = ngettext("%(n)d more schedule", "%(n)d more schedules", week.more_schedules) % {"n": week.more_schedules}
    on_time = Section(_("On time, by schedule"), (more,) if week.more_schedules else (), tuple(measures))
    return [section for section in (on_time, Section(_("Needs you"), tuple(week.needs))) if section.lines or section.measures]
