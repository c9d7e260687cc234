"""The mails about files that are held: to their schedule's owner, when somebody has to look, and when nobody did in time."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports import words
from reports.gate.findings import sentence
from reports.mails.content import Address, Content, Fact
from reports.mails.envelope import portal_name
from reports.mails.failure_mails import run_url
from reports.models import Notice, Review
from reports.models.reviews import ReviewQuerySet

# More are on the page.
MOST_REASONS = 5


def held(notice: Notice, now: datetime) -> Content | None:
    """None: somebody decided already, or there is nothing left to tell of."""
    if notice.schedule is None:
        return None
    return _held(notice) if notice.data["what"] == "held" else _lapsed(notice)


def _held(notice: Notice) -> Content | None:
    reviews = list(_reviews(notice).held().order_by("held_until"))
    if not reviews:
        return None
    values = _values(notice)
    return Content(
        subject=_("Held: %(report)s, %(date)s") % values,
        owner=portal_name(),
        title=_("%(report)s is held for review") % values,
        glance=_("Nothing is sent until somebody releases it."),
        paragraphs=(
            _("The files of %(report)s for %(company)s are ready, and wait for somebody to look at them.") % values,
            *_reasons(reviews),
        ),
        alarm=_("Nothing was sent."),
        alarm_more=_("The recipients were not told."),
        button=Address(_("Look and decide"), _address(notice)),
        facts=(Fact(_("Until"), _moment(reviews[0].held_until)), Fact(_("Then"), _("Nothing is sent"))),
        notes=(_("You get this because the schedule “%(report)s” names you, or because you are an owner.") % values,),
        foot=portal_name(),
    )


def _lapsed(notice: Notice) -> Content:
    values = _values(notice)
    return Content(
        subject=_("Not sent: %(report)s, %(date)s") % values,
        owner=portal_name(),
        title=_("%(report)s was not sent") % values,
        glance=_("It was held, and nobody released it in time."),
        paragraphs=(
            _("The files of %(report)s for %(company)s were held, and nobody released them in time.") % values,
            _("They are not sent any more. Run the report again if they are still wanted."),
        ),
        alarm=_("Nothing was sent."),
        alarm_more=_("The recipients were not told."),
        button=Address(_("See what happened"), _address(notice)),
        notes=(_("You get this because the schedule “%(report)s” names you, or because you are an owner.") % values,),
        foot=portal_name(),
    )


def _reviews(notice: Notice) -> ReviewQuerySet:
    reviews = Review.objects.for_tenant(notice.tenant)
    return reviews.filter(job__occurrence=notice.occurrence) if notice.occurrence else reviews.filter(job=notice.job)


def _reasons(reviews: list[Review]) -> list[str]:
    """Of the first files that look unusual, each its first reason; empty when they are held by rule."""
    found = {finding["file"]: finding for review in reviews for finding in reversed(review.findings)}
    if not found:
        return []
    text = " ".join(str(sentence(finding)) for finding in list(found.values())[:MOST_REASONS])
    unusual = ngettext("%(n)d file looks unusual:", "%(n)d files look unusual:", len(found)) % {"n": len(found)}
    return [f"{unusual} {text}"]


def _values(notice: Notice) -> dict[str, str]:
    assert notice.schedule
    planned = notice.occurrence.planned_at if notice.occurrence else notice.created_at
    day = words.day_long(timezone.localtime(planned).date())
    return {"report": notice.schedule.title, "company": notice.tenant.name, "date": day}


def _moment(at: datetime | None) -> str:
    return f"{words.moment_long(at)} ({words.zone_city()})" if at else ""


def _address(notice: Notice) -> str:
    if notice.occurrence:
        return run_url(notice.occurrence)
    return f"{settings.PORTAL_BASE_URL}/t/{notice.tenant.slug}/jobs/{notice.job_id}/"
