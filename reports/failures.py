"""Why a job failed, in words: what happened, and what to do next. AWS's own text stays in the attempt."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Cause:
    message: str | Promise
    advice: str | Promise
    # Whether the same job, run again unchanged, may end better.
    retryable: bool


@dataclass(frozen=True)
class Fault:
    """Why a report cannot run. `code` as in CAUSES, `fact` for everybody who may run it, `remedy` for the platform's people."""

    code: str
    fact: str
    remedy: str


# Of an attempt whose result nobody wanted any more. Its job is cancelled.
DISCARDED = "discarded"
OURS = _("Please contact us; running it again will not help until this is put right.")
AGAIN = _("Run the report again. If it fails once more, please contact us.")
CAUSES: dict[str, Cause] = {
    "access_denied": Cause(_("QuickSight refused the portal access to this report."), OURS, False),
    "account_paused": Cause(_("QuickSight refused the portal access until the job's deadline."), OURS, False),
    "account_held": Cause(_("Reports were paused by the platform until the job's deadline."), AGAIN, True),
    "tenant_paused": Cause(_("Your company's reports were paused by the platform until the job's deadline."), AGAIN, True),
    "report_paused": Cause(_("This report was paused until the job's deadline."), AGAIN, True),
    "report_missing": Cause(_("The dashboard behind this report no longer exists in QuickSight."), OURS, False),
    "report_unfit": Cause(_("The dashboard behind this report was changed and no longer fits it, so it was not started."), OURS, False),
    "report_changed": Cause(_("The report or its session tags were changed while the job was being started."), AGAIN, True),
    "report_not_available": Cause(_("This report is no longer offered to you."), OURS, False),
    "rows_not_isolated": Cause(_("This report cannot prove that it shows only your rows, so it was not started."), OURS, False),
    "parameter_refused": Cause(_("QuickSight did not accept the request for this report."), OURS, False),
    "report_failed": Cause(_("QuickSight could not render this report."), AGAIN, True),
    "result_missing": Cause(_("QuickSight said that the report was ready, but a file was not there."), AGAIN, True),
    "result_invalid": Cause(_("QuickSight delivered a file that cannot be opened, so it was not kept."), AGAIN, True),
    "render_timeout": Cause(_("QuickSight did not finish rendering this report in the time it is given."), AGAIN, True),
    "service_unavailable": Cause(_("QuickSight did not answer until the job's deadline."), AGAIN, True),
    "deadline_passed": Cause(_("The job could not be finished before its deadline."), AGAIN, True),
    DISCARDED: Cause(_("Its result was discarded."), "", False),
    "internal": Cause(_("Something went wrong in the portal."), AGAIN, True),
}


UNKNOWN = Cause(_("The job failed."), AGAIN, True)


def cause_of(code: str) -> Cause:
    """A cause that this release does not know was written by a newer one: said without detail rather than not at all."""
    return CAUSES.get(code, UNKNOWN)
