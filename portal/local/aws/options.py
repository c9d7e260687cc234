"""The command line: `python -m portal.local.aws --port 4566 --state .local/aws --bucket reports`."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from portal.local.aws.switches import OTHER_READINGS, Switches

# AWS's own example pair, known to every secret scanner as harmless.
ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

ACCOUNT = "111122223333"
EVENTS = ("eventbridge", "direct")
# In the region of the buckets.
EVENT_QUEUE = "object-events"


@dataclass(frozen=True)
class Options:
    state: Path
    port: int
    fd: int | None
    account: str
    region: str
    buckets: tuple[str, ...]
    access_key: str
    secret_key: str
    events: str | None  # of EVENTS; None: nobody hears of objects
    switches: Switches


def parse_options(arguments: list[str] | None = None) -> Options:
    given = parser().parse_args(arguments)
    switches = Switches(
        slots=given.slots,
        requests_per_second=given.requests_per_second,
        job_seconds=given.job_seconds,
        small_files=given.small_files,
        answer_seconds=given.answer_seconds,
        event_delay=given.event_delay,
        event_spread=given.event_spread,
        event_share=given.event_share,
    )
    if given.other_readings:
        switches.change(**OTHER_READINGS)
    return Options(
        state=given.state,
        port=given.port,
        fd=given.fd,
        account=given.account,
        region=given.region,
        buckets=tuple(given.bucket),
        access_key=given.access_key,
        secret_key=given.secret_key,
        events=given.events,
        switches=switches,
    )


def parser() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(prog="python -m portal.local.aws", description="The pretend AWS, on 127.0.0.1.")
    arguments.add_argument("--state", type=Path, required=True, help="folder that keeps the objects between runs")
    arguments.add_argument("--port", type=int, default=0, help="0: any free port (default)")
    arguments.add_argument("--fd", type=int, help="number of an inherited socket that listens already, instead of --port")
    arguments.add_argument("--account", default=ACCOUNT, help="AWS account id")
    arguments.add_argument("--region", default="us-east-1", help="region of the buckets created at start")
    arguments.add_argument("--bucket", action="append", default=[], help="bucket to create; may be repeated")
    arguments.add_argument("--access-key", default=ACCESS_KEY)
    arguments.add_argument("--secret-key", default=SECRET_KEY)
    arguments.add_argument("--slots", type=int, default=12, help="snapshot jobs that may be unfinished at once")
    arguments.add_argument("--requests-per-second", type=int, default=10, help="QuickSight calls in any one second")
    arguments.add_argument("--job-seconds", type=float, default=2.0, help="how long a snapshot job takes")
    arguments.add_argument("--answer-seconds", type=float, default=0.0, help="between a QuickSight call and its answer")
    arguments.add_argument("--small-files", action="store_true", help="few rows and no charts, for load tests")
    arguments.add_argument("--events", choices=EVENTS, help=f"the way in which the queue {EVENT_QUEUE!r} hears of objects in --bucket")
    arguments.add_argument("--event-delay", type=float, default=0.0, help="seconds until it does; the median, where they spread")
    arguments.add_argument("--event-spread", type=float, default=0.0, help="sigma of their lognormal; 0: always the same")
    arguments.add_argument("--event-share", type=float, default=1.0, help="of the objects that it hears of at all")
    arguments.add_argument("--other-readings", action="store_true", help="wherever AWS says nothing, the opposite of our choice")
    return arguments
