"""The mail that hands a report over: to one recipient, with a link of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from reports import cadence, periods, words
from reports.mails.attachments import Attaching, attaching
from reports.mails.content import Address, Content, Fact, one_line
from reports.mails.variables import fill
from reports.models import Format, Protection, Report, ReportParameter, Schedule
from tenants.models import Tenant

SAMPLE_SIZES = {Format.PDF: 1_887_437, Format.CSV: 421_888, Format.EXCEL: 734_003}


@dataclass(frozen=True)
class Handover:
    """What such a mail tells. Of a delivery, or made up for a look at the mail."""

    tenant: Tenant
    report: Report
    schedule: Schedule | None
    recipient: str
    planned_at: datetime
    prepared_at: datetime
    ends_at: datetime
    url: str
    # Format and size in bytes of each file.
    files: Sequence[tuple[str, int]]
    parameters: dict[str, Any]
    attaching: Attaching = Attaching.NOT_ASKED
    protection: str = Protection.NOTHING
    stop_url: str = ""
    is_copy: bool = False
    is_sample: bool = False

    @property
    def title(self) -> str:
        return self.schedule.title if self.schedule else self.report.name


def sample(schedule: Schedule, recipient: str, now: datetime) -> Handover:
    """What a recipient would get at the next planned instant; its links lead nowhere."""
    tenant, planned_at = schedule.tenant, schedule.next_run_at or now
    prepared_at = planned_at + timedelta(minutes=2)
    return Handover(
        tenant=tenant,
        report=schedule.report,
        schedule=schedule,
        recipient=recipient,
        planned_at=planned_at,
        prepared_at=prepared_at,
        ends_at=prepared_at + timedelta(days=schedule.link_days or tenant.link_days),
        url=f"{settings.PORTAL_BASE_URL}/d/{tenant.code}/test",
        files=[(name, SAMPLE_SIZES[Format(name)]) for name in schedule.formats],
        parameters={},
        attaching=attaching(tenant, schedule, ()),
        protection=schedule.link_protection,
        stop_url=f"{settings.PORTAL_BASE_URL}/u/{tenant.code}/test",
        is_sample=True,
    )


def content_of(handover: Handover) -> Content:
    """In the recipient's language, and in the time zone of the times."""
    tenant = handover.tenant
    subject, paragraphs = subject_of(handover), _paragraphs(handover)
    note = _("This is a test of the mail. Its links lead nowhere; each recipient gets links of their own.")
    return Content(
        subject=_("Test: %(subject)s") % {"subject": subject} if handover.is_sample else subject,
        owner=tenant.public_name,
        title=_("Your %(report)s is ready") % {"report": handover.title},
        glance=_("Ready to download until %(until)s. %(files)s.") % {"until": words.moment(handover.ends_at), "files": _files(handover)},
        paragraphs=(note, *paragraphs) if handover.is_sample else paragraphs,
        button=Address(_("Open the report"), handover.url),
        facts=tuple(_facts(handover)),
        notes=tuple(_notes(handover)),
        links=(Address(_("Stop these emails"), handover.stop_url),) if handover.stop_url else (),
        reply_to=tenant.reply_to,
        foot=_("Delivered for %(company)s by %(platform)s.") % {"company": tenant.public_name, "platform": settings.PLATFORM_NAME},
        color=tenant.brand_color,
    )


def subject_of(handover: Handover) -> str:
    """The schedule's own, where it has one."""
    schedule = handover.schedule
    return fill(schedule.subject if schedule and schedule.subject else "{schedule}: {period}", _values(handover))


def _paragraphs(handover: Handover) -> tuple[str, ...]:
    """The schedule's own, where it has any."""
    values = _values(handover)
    schedule = handover.schedule
    if schedule and schedule.message.strip():
        return tuple(part.strip() for part in fill(schedule.message, values).split("\n\n") if part.strip())
    asked_for = _("For %(period)s.") % {"period": values["period"]} if _has_period(handover) else ""
    return tuple(part for part in (handover.report.description, asked_for) if part)


def _values(handover: Handover) -> dict[str, str]:
    planned = timezone.localtime(handover.planned_at)
    values = {
        "report": handover.report.name,
        "schedule": handover.title,
        "tenant": handover.tenant.public_name,
        "recipient": handover.recipient,
        "date": words.day(planned.date()),
        "time": planned.strftime("%H:%M"),
        "period": _period(handover),
    }
    return {name: one_line(value) for name, value in values.items()}


def _days(handover: Handover) -> list[date]:
    """Those of the parameters that are dates, in order."""
    dated = {parameter.name for parameter in handover.report.parameters.all() if parameter.type == ReportParameter.Type.DATETIME}
    given = [value for name, values in handover.parameters.items() if name in dated for value in values]
    return sorted(timezone.localdate(datetime.fromisoformat(value)) for value in given)


def _has_period(handover: Handover) -> bool:
    return bool(_days(handover)) or bool(handover.schedule and any(map(periods.is_relative, handover.schedule.parameters.values())))


def _period(handover: Handover) -> str:
    """Of relative days what they are relative to, such as a whole month; else the days that were sent; else the planned one."""
    schedule, days = handover.schedule, _days(handover)
    if schedule and (not days or any(map(periods.is_relative, schedule.parameters.values()))):
        return periods.period_label(schedule.parameters, handover.planned_at, schedule.zone)
    days = days or [timezone.localdate(handover.planned_at)]
    return periods.label(days[0], days[-1])


def _files(handover: Handover) -> str:
    """`PDF, 1.8 MB; Excel, 717 KB`"""
    return "; ".join(f"{Format(name).label}, {words.file_size(size)}" for name, size in handover.files)


def _facts(handover: Handover) -> list[Fact]:
    city = words.zone_city()
    attached = {
        Attaching.ATTACHED: _("Attached, and behind the link."),
        Attaching.TOO_LARGE: _("Too large to attach; the link has them."),
        Attaching.PROTECTED: _("Not attached, because the link is protected."),
    }.get(handover.attaching)
    facts = [
        Fact(_("File") if len(handover.files) == 1 else _("Files"), _files(handover)),
        Fact(_("Prepared"), f"{words.moment_long(handover.prepared_at)} ({city})"),
        Fact(_("Link ends"), f"{words.moment_long(handover.ends_at)} ({city})"),
    ]
    if attached:
        facts.append(Fact(_("Attachment"), attached))
    if handover.schedule and (rhythm := cadence.Cadence.from_cron(handover.schedule.cron)).kind != cadence.Kind.CRON:
        facts.append(Fact(_("How often"), f"{rhythm} ({city})"))
    return facts


def _notes(handover: Handover) -> list[str]:
    company = {"company": handover.tenant.public_name}
    reason = (
        _("You get this copy because %(company)s put you on the copy line.")
        if handover.is_copy
        else _("You get this report because %(company)s added you.")
    )
    asks = {
        Protection.PASSCODE: _("The page asks for the passcode that %(company)s gave you."),
        Protection.MAILED_CODE: _("The page sends a 6-digit passcode to this address before it opens the report."),
    }.get(Protection(handover.protection))
    notes = [_("This link is yours alone; please do not forward it."), asks, reason]
    return [note % company for note in notes if note]
