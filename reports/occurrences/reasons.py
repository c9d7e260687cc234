"""Why an occurrence did not run, or did not end well, in the reader's language. AWS's own words and codes never stand here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from reports.failures import cause_of
from reports.models import Occurrence, Schedule
from reports.retelling import retold
from reports.words import dated

# On purpose, or because the portal was away.
MISSED, PAUSED, RETIRED, EMPTY, NOBODY = "portal_was_down", "paused", "retired", "empty", "nobody"
SUSPENDED = "suspended"
# The gate: somebody decided so, or nobody did in time.
REJECTED, NOT_RELEASED = "rejected", "not_released"
RECALLED = "recalled"
# The database was put back to an earlier time.
BEFORE_RESTORE, MAYBE_BEFORE_RESTORE = "before_restore", "maybe_before_restore"
# It could not.
FAULT, NOT_OFFERED, PARAMETERS, UNFIT, INTERNAL = "schedule_fault", "report_not_available", "parameters", "report_unfit", "internal"
TOO_MANY, QUOTA = "queue_full", "quota_exceeded"
# It ran, and did not end well.
JOBS, DELIVERIES = "jobs_failed", "deliveries_failed"


def words(occurrence: Occurrence) -> str:
    """One or two sentences; empty when there is nothing to explain. `detail` fills them in."""
    if not occurrence.reason:
        return ""
    say = SENTENCES.get(occurrence.reason)
    # A reason that this release does not know was written by a newer one.
    return say(occurrence.detail) if say else _("It did not end well.")


def _missed(detail: dict[str, Any]) -> str:
    if detail.get("policy") == Schedule.Missed.LATEST:
        return _("The portal was not running at that time, and this schedule runs only the latest of the runs that were missed.")
    return _("The portal was not running at that time, and this schedule skips missed runs.")


def _before_restore(detail: dict[str, Any]) -> str:
    at = parse_datetime(detail.get("at") or "")
    names = {"number": detail.get("number", 0), "at": dated(at, pgettext("date format", "j M, H:i")) if at else ""}
    return _("It was sent before the portal's database was restored from a backup: %(number)s emails until %(at)s.") % names


def _paused(detail: dict[str, Any]) -> str:
    since = parse_datetime(detail.get("since") or "")
    names = {"who": detail.get("by") or "", "since": dated(since, pgettext("date format", "j M, H:i")) if since else ""}
    if names["who"] and names["since"]:
        return _("The schedule was paused by %(who)s since %(since)s.") % names
    return _("The schedule was paused.")


def _suspended(detail: dict[str, Any]) -> str:
    since = parse_datetime(detail.get("since") or "")
    if since is None:
        return _("The company was suspended.")
    return _("The company was suspended since %(since)s.") % {"since": dated(since, pgettext("date format", "j M, H:i"))}


def _fault(detail: dict[str, Any]) -> str:
    return _("The schedule's time could not be read: %(fault)s Edit the schedule to let it run again.") % {
        "fault": retold(detail.get("text", ""))
    }


def _parameters(detail: dict[str, Any]) -> str:
    return _("The schedule's parameters no longer fit the report: %(fault)s") % {"fault": retold(detail.get("text", ""))}


def _unfit(detail: dict[str, Any]) -> str:
    return _("The schedule no longer fits the report: %(fault)s") % {"fault": retold(detail.get("text", ""))}


def _jobs(detail: dict[str, Any]) -> str:
    return str(cause_of(detail.get("code", "")).message)


SENTENCES: dict[str, Callable[[dict[str, Any]], str]] = {
    MISSED: _missed,
    BEFORE_RESTORE: _before_restore,
    MAYBE_BEFORE_RESTORE: lambda detail: _(
        "The portal's database was restored from a backup, and it is not known whether this run was sent. Run it by hand if it was not."
    ),
    PAUSED: _paused,
    SUSPENDED: _suspended,
    RETIRED: lambda detail: _("The schedule was deleted before it ran."),
    EMPTY: lambda detail: _("The report was empty, and this schedule sends nothing then."),
    REJECTED: lambda detail: _("Somebody looked at the files, and decided that they are not sent."),
    NOT_RELEASED: lambda detail: _("The files were held, and nobody released them in time."),
    RECALLED: lambda detail: _("The report was withdrawn before anything of it was sent."),
    NOBODY: lambda detail: _("The report was made and can be downloaded here, but nothing is sent to any of the addresses."),
    FAULT: _fault,
    NOT_OFFERED: lambda detail: str(cause_of(NOT_OFFERED).message),
    PARAMETERS: _parameters,
    UNFIT: _unfit,
    TOO_MANY: lambda detail: _("Its jobs were not made: %(fault)s") % {"fault": retold(detail.get("text", ""))},
    QUOTA: lambda detail: _("Its jobs were not made: %(fault)s") % {"fault": retold(detail.get("text", ""))},
    INTERNAL: lambda detail: _("Something went wrong in the portal, and the people who run it were told."),
    JOBS: _jobs,
    DELIVERIES: lambda detail: _("The report was made, but not everybody could be reached."),
}
