"""Steers a running pretend AWS over its control endpoint; standard library only."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any


class ControlError(Exception):
    """The endpoint's own sentence about what was wrong."""


class ControlClient:
    def __init__(self, address: str) -> None:
        self._base = f"{address.rstrip('/')}/_control/"

    def reset(self) -> None:
        """No jobs, objects or faults; switches, tag rules and dashboards as at the start."""
        self._post("reset")

    def set(self, **switches: Any) -> dict[str, Any]:
        """Change switches (`Switches` lists them); returns all of them."""
        return dict(self._post("set", **switches))

    def fail_next(self, operation: str, code: str, *, status: int | None = None, times: int = 1, dashboard: str = "*") -> None:
        """Answer the next calls of `operation` ("*": any) with an error; the status is the modelled one."""
        self._post("fault", kind="error", operation=operation, code=code, status=status, times=times, dashboard=dashboard)

    def drop(self, operation: str, *, times: int = 1, dashboard: str = "*") -> None:
        """Close the connection before anything was done."""
        self._post("fault", kind="drop", operation=operation, times=times, dashboard=dashboard)

    def accept_then_drop(self, operation: str = "StartDashboardSnapshotJob", *, times: int = 1, dashboard: str = "*") -> None:
        """Do what was asked, then close the connection without an answer."""
        self._post("fault", kind="accept_then_drop", operation=operation, times=times, dashboard=dashboard)

    def hang(self, operation: str, seconds: float, *, times: int = 1, dashboard: str = "*") -> None:
        """Do what was asked, then answer only after so many seconds."""
        self._post("fault", kind="hang", operation=operation, seconds=seconds, times=times, dashboard=dashboard)

    def outage(self, on: bool = True, *, status: int = 503) -> None:
        self._post("outage", on=on, status=status)

    def fail_jobs(
        self,
        *,
        times: int = 1,
        dashboard: str = "*",
        error_type: str = "INTERNAL_FAILURE",
        message: str = "The snapshot could not be generated.",
    ) -> None:
        """The next accepted jobs end as FAILED."""
        fields = {"times": times, "dashboard": dashboard, "error_type": error_type, "message": message}
        self._post("job_fault", kind="failed", **fields)

    def stuck_jobs(self, *, times: int = 1, dashboard: str = "*") -> None:
        """The next accepted jobs stay RUNNING and keep their slots until `finish`."""
        self._post("job_fault", kind="stuck", times=times, dashboard=dashboard)

    def damage_results(self, variant: str, *, times: int = 1, dashboard: str = "*") -> None:
        """The next accepted jobs complete with a result that is wrong in the way of `RESULT_VARIANTS`."""
        self._post("job_fault", kind=variant, times=times, dashboard=dashboard)

    def clear_faults(self) -> None:
        self._post("clear_faults")

    def finish(self, job: str) -> None:
        """Let a job end as soon as its files are written."""
        self._post("finish", job=job)

    def fail(self, job: str, *, error_type: str = "INTERNAL_FAILURE", message: str = "The snapshot failed.") -> None:
        self._post("fail", job=job, error_type=error_type, message=message)

    def hold(self, job: str) -> None:
        self._post("hold", job=job)

    def rules(self, dataset: str, status: str) -> None:
        """Tag rules of a dataset: ENABLED, DISABLED or NONE."""
        self._post("rules", dataset=dataset, status=status)

    def set_rules(self, dataset: str, rules: list[dict[str, Any]], groups: list[list[str]] | None = None) -> None:
        """`rules` are {"key", "column", "delimiter"?, "match_all"?}."""
        self._post("rules", dataset=dataset, rules={"rules": rules, "groups": groups or []})

    def republish(self, dashboard: str, *, dataset: str | None = None, without: str | None = None) -> None:
        """The dashboard's next version; perhaps with one data set more, perhaps without the sheet or visual of that id."""
        self._post("republish", dashboard=dashboard, dataset=dataset, without=without)

    def create_bucket(self, name: str, region: str = "us-east-1") -> None:
        self._post("create_bucket", name=name, region=region)

    def advance_clock(self, seconds: float, *, settle: bool = True) -> None:
        """Move the time of jobs, links and assumed roles forward.

        What was signed before has aged by so much, what is signed from now on has not. Signatures carry whole seconds: `settle` waits
        for the next one, without which links that are signed at once count as older than the move.
        """
        self._post("advance_clock", seconds=seconds)
        if settle:
            time.sleep(1 - time.time() % 1)

    def stats(self) -> dict[str, Any]:
        """accepted and calls_of_job (by job id), start_calls, peak_unfinished, refused_by_limit, throttled, calls (by operation),
        other_calls (by service)."""
        return dict(self._post("stats"))

    def jobs(self) -> list[dict[str, Any]]:
        """Every job with the tags and parameters it was started with."""
        return list(self._post("jobs"))

    def mails(self) -> list[dict[str, Any]]:
        """What SES took, oldest first: message_id, sender, recipients, raw (as it went out), tags, configuration_set."""
        return list(self._post("mails"))

    def mail_event(self, message_id: str, kind: str, *, recipient: str = "", queue: str = "") -> None:
        """`kind`: bounce, soft_bounce, complaint or delivery; of all recipients unless one is named. To the switch's queue unless named."""
        self._post("mail_event", message_id=message_id, kind=kind, recipient=recipient, queue=queue)

    def _post(self, verb: str, **fields: Any) -> Any:
        request = urllib.request.Request(self._base + verb, json.dumps(fields).encode(), method="POST")
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # nosec B310 # the pretend AWS on this machine
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise ControlError(error.read().decode()) from error
