"""What a template sets of its schedules. All else is the tenant's: who gets it, its zone, its owner, its links, its pause."""

from __future__ import annotations

from django.utils.translation import gettext as _

from reports.models import Schedule
from reports.refused import Place, Refused

# A template has no first and no last day: a schedule of one has none either.
ALWAYS = ("starts_on", "ends_on")
WRITTEN = (
    "name",
    "formats",
    "visual_ids",
    "parameters",
    "cron",
    "missed",
    "ready_by",
    "subject",
    "message",
    "attach",
    "skip_if_empty",
    "release",
    "usual_percent",
    "must_contain",
    "hold_hours",
)
SET_BY_TEMPLATE = (*WRITTEN, *ALWAYS)


def refuse_changes(schedule: Schedule, wanted: Schedule) -> None:
    """Raises Refused, with a place for each, where the tenant would change what the template sets. The same value again is no change."""
    if schedule.template_id is None:
        return
    changed = [name for name in SET_BY_TEMPLATE if getattr(wanted, name) != getattr(schedule, name)]
    if wanted.report_id != schedule.report_id:
        changed.append("report")
    if changed:
        detail = _("The platform sets this for you. Duplicate the schedule to have one that you set yourself.")
        raise Refused("set_by_template", detail, tuple(Place((name,), "set_by_template", detail) for name in changed))
