"""When a schedule is due: cron expressions of five fields, read by cronsim."""

from __future__ import annotations

from datetime import UTC, datetime

from cronsim import CronSim, CronSimError
from django.utils.translation import gettext as _

from tenants.models.tenant import check_timezone

__all__ = ["BadCron", "check_cron", "check_timezone", "expression"]

MAX_LENGTH = 120
FIELDS = 5
ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
# Any Monday: whether a time ever comes does not depend on where the search begins, cronsim looks 50 years ahead.
SEARCH_FROM = datetime(2024, 1, 1, tzinfo=UTC)


class BadCron(ValueError):
    """Not a cron expression, or one whose time never comes; the message is a sentence."""


def expression(cron: str) -> str:
    """The five fields that an alias such as @daily stands for; anything else as it is."""
    return ALIASES.get(cron.strip().lower(), cron.strip())


def check_cron(cron: str) -> None:
    fields = expression(cron)
    if fields.startswith("@"):
        raise BadCron(_("%(alias)s is not one of %(known)s.") % {"alias": fields, "known": ", ".join(ALIASES)})
    if len(fields) > MAX_LENGTH or len(fields.split()) != FIELDS:
        raise BadCron(_("must have five fields: minute, hour, day of month, month, day of week, such as 30 7 * * 1-5."))
    try:
        due = next(CronSim(fields, SEARCH_FROM), None)
    except CronSimError as error:
        raise BadCron(_("is not a cron expression (%(fault)s). Example: 30 7 * * 1-5.") % {"fault": str(error).lower()}) from error
    if due is None:
        raise BadCron(_("never comes: no day fits it."))
