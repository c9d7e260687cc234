"""The mails about a planned run that did not end well, or may be late: to its owner, in words, with what to try."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from django.conf import settings
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports import words
from reports.mails.content import Address, Content, Fact
from reports.mails.envelope import portal_name
from reports.mails.failure_causes import DELIVERY, told
from reports.models import Delivery, Notice, Occurrence, Schedule, SnapshotJob
from reports.models.sending import DeliveryQuerySet

Status = Delivery.Status


def run_failed(notice: Notice, now: datetime) -> Content | None:
    """None once everybody got it after all."""
    occurrence, schedule = notice.occurrence, notice.schedule
    if occurrence is None or schedule is None or occurrence.status == Occurrence.Status.DELIVERED:
        return None
    statuses = Counter(_deliveries(occurrence).values_list("status", flat=True))
    sent, suppressed = statuses[Status.SENT], statuses[Status.SUPPRESSED]
    waiting = sum(statuses.values()) - sent - suppressed
    cause = told(notice)
    not_made = cause.of != DELIVERY
    title = _("%(report)s could not be made") if not_made else _("%(report)s could not be delivered to everybody")
    subject = _("Failed: %(report)s, %(date)s") if not sent else _("Partly delivered: %(report)s, %(date)s")
    values = {"report": schedule.title, "date": words.day_long(timezone.localtime(occurrence.planned_at).date())}
    tried, last_at = _tried(occurrence, not_made)
    facts = [
        Fact(_("Tried"), tried_words(tried, last_at)) if last_at else None,
        Fact(_("Why"), str(cause.why(occurrence))),
        Fact(_("Try this"), str(cause.advice)) if cause.advice else None,
        _next_run(schedule, now),
    ]
    return Content(
        subject=subject % values,
        owner=portal_name(),
        title=title % values,
        glance=str(cause.why(occurrence)),
        paragraphs=(_planned(occurrence), *_who_waits(waiting)),
        alarm=_nothing_sent(sent, waiting),
        alarm_more=_("The recipients were not told.") if waiting and not sent else "",
        button=Address(_("See what happened"), run_url(occurrence)),
        facts=tuple(fact for fact in facts if fact),
        notes=(*_reason(schedule), _("The same cause is not told again within 4 hours.")),
        links=(_change(schedule),),
        foot=portal_name(),
    )


def run_late(notice: Notice, now: datetime) -> Content | None:
    """None once it has ended: late or not, there is nothing left to hurry."""
    occurrence, schedule = notice.occurrence, notice.schedule
    if occurrence is None or schedule is None or occurrence.has_ended or occurrence.ready_by_at is None:
        return None
    city = words.zone_city()
    deliveries = Counter(_deliveries(occurrence).values_list("status", flat=True))
    waiting = sum(deliveries[status] for status in Delivery.OPEN)
    facts = (
        Fact(_("Promised"), f"{words.moment_long(occurrence.ready_by_at)} ({city})"),
        Fact(_("Planned"), f"{words.moment_long(occurrence.planned_at)} ({city})"),
    )
    values = {"report": schedule.title}
    return Content(
        subject=_("Late: %(report)s") % values,
        owner=portal_name(),
        title=_("%(report)s may not be ready in time") % values,
        glance=_("It goes on by itself; nothing is lost."),
        paragraphs=(_planned(occurrence), *_who_waits(waiting)),
        alarm=_("It is not ready yet.") if now < occurrence.ready_by_at else _("The promised time has passed."),
        alarm_more=_("It goes on by itself; nothing is lost."),
        button=Address(_("See how it gets on"), run_url(occurrence)),
        facts=facts,
        notes=tuple(_reason(schedule)),
        links=(_change(schedule),),
        foot=portal_name(),
    )


def schedule_url(schedule: Schedule) -> str:
    return f"{settings.PORTAL_BASE_URL}/t/{schedule.tenant.slug}/schedules/{schedule.pk}/"


def run_url(occurrence: Occurrence) -> str:
    return f"{schedule_url(occurrence.schedule)}runs/{occurrence.pk}/"


def tried_words(times: int, last_at: datetime) -> str:
    last = {"at": timezone.localtime(last_at).strftime("%H:%M"), "city": words.zone_city(), "n": times}
    return ngettext("once, at %(at)s (%(city)s)", "%(n)d times, last at %(at)s (%(city)s)", times) % last


def _deliveries(occurrence: Occurrence) -> DeliveryQuerySet:
    return Delivery.objects.for_tenant(occurrence.tenant).filter(occurrence=occurrence)


def _tried(occurrence: Occurrence, of_jobs: bool) -> tuple[int, datetime | None]:
    """How often at most, and when last. None: never."""
    if of_jobs:
        jobs = SnapshotJob.objects.for_tenant(occurrence.tenant).filter(occurrence=occurrence)
        found = jobs.aggregate(times=Max("attempt_count"), last=Max("finished_at"))
    else:
        failed = _deliveries(occurrence).filter(status__in=(Status.FAILED, Status.BOUNCED))
        found = failed.aggregate(times=Max("tries"), last=Max("ended_at"))
    return found["times"] or 0, found["last"] if found["times"] else None


def _planned(occurrence: Occurrence) -> str:
    planned = f"{words.moment_long(occurrence.planned_at)} ({words.zone_city()})"
    return _("%(company)s, planned for %(planned)s.") % {"company": occurrence.tenant.name, "planned": planned}


def _who_waits(waiting: int) -> list[str]:
    return [ngettext("One person is waiting for it.", "%(n)d people are waiting for it.", waiting) % {"n": waiting}] if waiting else []


def _nothing_sent(sent: int, waiting: int) -> str:
    if not sent:
        return _("Nothing was sent.")
    values = {"n": sent, "all": sent + waiting}
    return ngettext("%(n)d of %(all)d got it.", "%(n)d of %(all)d got it.", sent) % values


def _next_run(schedule: Schedule, now: datetime) -> Fact:
    due = schedule.next_run_at if schedule.enabled and not schedule.retired_at else None
    told = f"{words.moment_long(due)} ({words.zone_city()})" if due and due > now else _("None is planned")
    return Fact(_("Next run"), told)


def _reason(schedule: Schedule) -> list[str]:
    return [_("You get this because the schedule “%(schedule)s” names you, or because you are an owner.") % {"schedule": schedule.title}]


def _change(schedule: Schedule) -> Address:
    return Address(_("Change who is told"), f"{schedule_url(schedule)}edit/")
