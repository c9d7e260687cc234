#!/usr/bin/env python3
"""A small client of the Fanfold API, and a command line made of it. Python 3.11, nothing to install: copy this file.

    export REPORTS_URL=https://reports.example REPORTS_KEY=fan_...
    python fanfold.py reports
    python fanfold.py run daily-calls --format PDF --format EXCEL --parameter Region=North --save .
    python fanfold.py jobs --status failed
    python fanfold.py schedules

Exit codes: 0 done; 1 the report failed or was cancelled; 2 the request was refused; 3 the portal could not be reached.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ENDED = ("completed", "failed", "cancelled")
# Longer than a long-poll takes.
TIMEOUT = 60
# What passes by itself. Every request here may be sent again: those that create carry an Idempotency-Key.
PASSES = (409, 429, 502, 503, 504)
TRIES = 8
AGAIN = "idempotency_in_progress"


class Refused(Exception):
    """A problem as RFC 9457 has it. `code` is stable, texts may change."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        places = [f"{place.get('pointer') or place.get('parameter')}: {place['detail']}" for place in problem.get("errors", [])]
        super().__init__("\n  ".join([problem.get("detail", f"HTTP {status}"), *places]))
        self.status, self.code, self.request_id = status, problem.get("code", ""), problem.get("request_id", "")


class Unreachable(Exception):
    """Nothing answered, after several tries."""


class Fanfold:
    """One key of one company."""

    def __init__(self, url: str, key: str) -> None:
        self.base, self.key = url.rstrip("/") + "/api/v1/", key

    def get(self, path: str, **query: Any) -> Any:
        chosen = {name: value for name, value in query.items() if value is not None}
        return self._send("GET", path + (f"?{urlencode(chosen)}" if chosen else ""))

    def post(self, path: str, body: dict[str, Any] | None = None, *, key: str | None = None) -> Any:
        """`key`: your own Idempotency-Key, such as the id of an order. Without one, this call is repeated safely all the same."""
        return self._send("POST", path, body, {"Idempotency-Key": key or uuid.uuid4().hex})

    def each(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Every row of a list, page after page."""
        page = self.get(path, **query)
        while True:
            yield from page["results"]
            if page["next"] is None:
                return
            # Only what the server named: a cursor is not to be made.
            page = self._send("GET", page["next"].partition("/api/v1/")[2])

    def run(self, report: str, formats: list[str], parameters: dict[str, Any] | None = None, *, key: str | None = None) -> dict[str, Any]:
        """A job that was asked for; `wait` for its end."""
        return self.post("jobs/", {"report": report, "formats": formats, "parameters": parameters or {}}, key=key)

    def wait(self, job: dict[str, Any]) -> dict[str, Any]:
        """The job once it has ended. The portal answers as soon as it has."""
        while job["status"] not in ENDED:
            job = self.get(f"jobs/{job['id']}/", wait=25)
        return job

    def save(self, job: dict[str, Any], folder: Path) -> Iterator[Path]:
        """Each file of a completed job, whole or not at all."""
        for file in job["files"]:
            signed = self.get(f"jobs/{job['id']}/files/{file['id']}/download/")
            target = folder / Path(file["name"]).name
            partial = target.with_name(target.name + ".part")
            # The address works for a minute and needs no key: the key goes to the portal alone.
            try:
                with urllib.request.urlopen(signed["url"], timeout=TIMEOUT) as answer, partial.open("wb") as written:
                    shutil.copyfileobj(answer, written)
            except OSError as error:
                partial.unlink(missing_ok=True)
                raise Unreachable(f"{file['name']} could not be fetched: {getattr(error, 'reason', error)}") from None
            partial.replace(target)
            yield target

    def _send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self.key}", "Accept": "application/json"} | (headers or {})
        if method == "POST":
            sent["Content-Type"] = "application/json"
        for attempt in range(1, TRIES + 1):
            request = urllib.request.Request(self.base + path, data, sent, method=method)
            try:
                with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                refused = Refused(error.code, _problem(error))
                again = error.code in PASSES and (error.code != 409 or refused.code == AGAIN)
                if not again or attempt == TRIES or refused.code in ("quota_exceeded", "queue_full"):
                    raise refused from None
                time.sleep(float(error.headers.get("Retry-After", 2)))
            except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
                if attempt == TRIES:
                    raise Unreachable(str(getattr(error, "reason", error))) from None
                time.sleep(min(2**attempt / 4, 30))
        raise AssertionError("the last try returns or raises")


def _problem(error: urllib.error.HTTPError) -> dict[str, Any]:
    try:
        found = json.load(error)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def run(api: Fanfold, chosen: argparse.Namespace) -> int:
    job = api.run(chosen.report, chosen.format or ["PDF"], dict(chosen.parameter), key=chosen.once)
    print(f"job {job['id']} {job['status']}", file=sys.stderr)
    job = api.wait(job)
    if job["status"] != "completed":
        print((job["failure"] or {}).get("message") or f"It was {job['status']}.", file=sys.stderr)
        return 1
    chosen.save.mkdir(parents=True, exist_ok=True)
    for path in api.save(job, chosen.save):
        print(path)
    return 0


def reports(api: Fanfold, chosen: argparse.Namespace) -> int:
    for report in api.each("reports/"):
        print(f"{report['slug']}\t{','.join(report['formats'])}\t{report['name']}")
    return 0


def jobs(api: Fanfold, chosen: argparse.Namespace) -> int:
    for job in api.each("jobs/", status=chosen.status, report=chosen.report, fields="status,report,created_at"):
        print(f"{job['id']}\t{job['status']}\t{job['report']}\t{job['created_at']}")
    return 0


def schedules(api: Fanfold, chosen: argparse.Namespace) -> int:
    for schedule in api.each("schedules/"):
        runs = schedule["next_runs"]
        when, following = "paused" if schedule["paused"] else schedule["cron"], runs[0]["at_local"] if runs else "-"
        print(f"{schedule['id']}\t{schedule['slug']}\t{when}\t{following}")
    return 0


def parameter(text: str) -> tuple[str, Any]:
    """`Region=North,South`: several values with commas; `Year:=2026`: JSON, such as a number or a relative period."""
    name, sign, value = text.partition(":=") if ":=" in text else text.partition("=")
    if not name or not sign:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    try:
        return name, json.loads(value) if sign == ":=" else value.split(",") if "," in value else value
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} is not JSON") from None


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default=os.environ.get("REPORTS_URL"), help="of the portal; REPORTS_URL")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("reports", help="what may be run").set_defaults(act=reports)
    one = commands.add_parser("run", help="run a report and save its files")
    one.add_argument("report")
    one.add_argument("--format", action="append", choices=["PDF", "CSV", "EXCEL"], help="PDF unless another is named; several may be")
    one.add_argument("--parameter", action="append", type=parameter, default=[], metavar="NAME=VALUE")
    one.add_argument("--save", type=Path, default=Path(), metavar="FOLDER")
    one.add_argument("--once", metavar="KEY", help="the same text again runs nothing again, for 24 hours")
    one.set_defaults(act=run)
    listed = commands.add_parser("jobs", help="what was run")
    listed.add_argument("--status")
    listed.add_argument("--report")
    listed.set_defaults(act=jobs)
    commands.add_parser("schedules", help="what runs by itself, and when next").set_defaults(act=schedules)
    return parser


def main(arguments: list[str] | None = None) -> int:
    parser = options()
    chosen = parser.parse_args(arguments)
    key = os.environ.get("REPORTS_KEY")
    if not chosen.url or not key:
        parser.error("set REPORTS_URL and REPORTS_KEY")
    try:
        return int(chosen.act(Fanfold(chosen.url, key), chosen))
    except Refused as refused:
        print(f"{refused.code}: {refused}", file=sys.stderr)
        return 2
    except Unreachable as away:
        print(f"No answer: {away}", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
