"""What two people who edit one schedule at once differ in, for the second one to decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from portal.templatetags.schedules import period_words
from reports import cadence
from reports.models import Schedule

LABELS: dict[str, str | Promise] = {
    "name": gettext_lazy("Schedule name"),
    "formats": gettext_lazy("Format"),
    "parameters": gettext_lazy("Parameters"),
    "cron": gettext_lazy("How often"),
    "timezone": gettext_lazy("Time zone"),
    "starts_on": gettext_lazy("Starts"),
    "ends_on": pgettext_lazy("a schedule", "Ends"),
    "missed": gettext_lazy("Runs missed while the portal was down"),
    "ready_by": gettext_lazy("Ready by"),
    "subject": gettext_lazy("Subject"),
    "message": gettext_lazy("Message"),
    "cc": gettext_lazy("Copy to"),
    "attach": gettext_lazy("Attach small files"),
    "skip_if_empty": gettext_lazy("Send nothing when empty"),
    "tell_owner": gettext_lazy("Tell the owner when a run fails"),
    "remind_after_days": gettext_lazy("Remind people who opened nothing after"),
    "receipts": gettext_lazy("Tell the owner by email who downloads"),
    "link_days": gettext_lazy("Link works for"),
    "link_max_uses": gettext_lazy("Downloads each"),
    "link_protection": gettext_lazy("A link asks for"),
    "release": gettext_lazy("Before sending"),
    "usual_percent": gettext_lazy("Unusual from"),
    "must_contain": gettext_lazy("Text that every file shows"),
    "hold_hours": gettext_lazy("Held for at most"),
}


@dataclass(frozen=True)
class Difference:
    """`now` is what the schedule has, as words."""

    label: str
    now: str


def differences(schedule: Schedule, values: dict[str, Any], recipients: list[str]) -> Iterator[Difference]:
    """Between what is stored and what was typed (`values`)."""
    for name, label in LABELS.items():
        if name in values and getattr(schedule, name) != values[name]:
            yield Difference(str(label), _words(name, getattr(schedule, name)))
    if set(values.get("recipients", recipients)) != set(recipients):
        yield Difference(_("Recipients"), ", ".join(recipients) or _("nobody"))
    if "owner" in values and values["owner"] != schedule.owner_id:
        yield Difference(_("Owner"), _("somebody else"))


def _words(name: str, value: Any) -> str:
    if value in (None, "", [], {}):
        return _("nothing")
    if name == "cron":
        return str(cadence.describe(value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, date):
        return formats.date_format(value, "SHORT_DATE_FORMAT")
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {period_words(part)}" for key, part in value.items())
    return ", ".join(value) if isinstance(value, list) else str(value)
