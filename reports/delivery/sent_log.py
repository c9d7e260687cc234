"""The send log: what left, kept outside the database, so that a database put back to an earlier time mails nothing twice.

Before a message goes to its channel a line about it is in S3; one that did not leave gets a second line. So nothing leaves that the log
does not know. Lines of messages that leave at the same moment share an object. S3 that is away stops no mail: the time is noted as a *gap*.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from reports.alerts import alert, settle
from reports.aws import storage
from reports.aws.clients import AccountFacts
from reports.aws.errors import AwsError
from reports.models import Installation
from reports.restoring import mode
from tenants.scope import engine_scope
from tenants.secrets import derived_tokens

logger = logging.getLogger(__name__)
PREFIX, ALARM = "_fanfold/sent/", "sent_log_not_written"
ADDRESS = "address in the send log"
# After a failure messages go out without a try to write, so that an S3 that hangs does not slow down all mail.
REST_SECONDS = 30.0
HOUR = timedelta(hours=1)
READERS = 8


@dataclass(frozen=True)
class Line:
    """A try of one message. `until`, of its lease, tells tries apart. `place` stands for the address and its rows, as a keyed hash.

    Of a notice, `schedule` and `planned_at` are None, and of a delivery of a single job too.
    """

    id: uuid.UUID
    tenant: uuid.UUID
    until: datetime
    at: datetime
    is_delivery: bool
    channel: str
    place: str
    message_id: str = ""
    job: uuid.UUID | None = None
    schedule: uuid.UUID | None = None
    planned_at: datetime | None = None
    by_hand: bool = False
    left: bool = True


@dataclass(frozen=True)
class Gap:
    """Mail left unlogged from `since` to `until`; None: it does so still, as far as the log knows."""

    since: datetime
    until: datetime | None


@dataclass
class Log:
    """`left`: the last line of each message that left or may have left, by its id."""

    left: dict[uuid.UUID, Line] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)


def places(tenant_id: uuid.UUID, address: str, narrowing_tags: dict[str, str] | None = None) -> list[str]:
    """What lines may hold of an address and the rows it got: by the secret key in use, then by those before it."""
    return list(derived_tokens(ADDRESS, f"{tenant_id}|{address.lower()}|{json.dumps(narrowing_tags or {}, sort_keys=True)}"))


def of_destination(destination_id: uuid.UUID) -> str:
    """What stands in an address's place."""
    return f"destination {destination_id}"


def leaving(line: Line) -> None:
    """Call outside any scope, right before it goes to its channel."""
    _writer.write(line)


def stayed(line: Line) -> None:
    """It did not leave, and that is known."""
    _writer.write(Line(**(vars(line) | {"left": False})))


class Writer:
    """Whoever comes to write takes along the lines of all who wait meanwhile."""

    def __init__(self) -> None:
        self._turn, self._guard = threading.Lock(), threading.Lock()
        self._waiting: list[Line] = []
        self._rests_until = 0.0

    def write(self, line: Line) -> None:
        if not settings.PORTAL_BUCKET:
            return
        with self._guard:
            self._waiting.append(line)
        with self._turn:
            with self._guard:
                lines, self._waiting = self._waiting, []
            if lines:
                self._put_all(lines)

    def _put_all(self, lines: list[Line]) -> None:
        try:
            self._put(lines)
        except BaseException:
            # The others' lines are not lost with this one's fault: whoever comes next takes them along.
            with self._guard:
                self._waiting = lines + self._waiting
            raise

    def _put(self, lines: list[Line]) -> None:
        gap = Installation.objects.values_list("unlogged_since", flat=True).first()
        if time.monotonic() < self._rests_until and gap:
            return
        now = database_now()
        closing = [{"gap": gap, "until": now}] if gap else []
        try:
            _store([*map(asdict, lines), *closing], now)
        except AwsError as error:
            self._rests_until = time.monotonic() + REST_SECONDS
            _begin_gap(error)
            return
        if gap:
            _end_gap(gap)


_writer = Writer()


def database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        return cursor.fetchone()[0]


def _facts() -> AccountFacts:
    return AccountFacts(aws_account_id="", region=settings.AWS_REGION)


def _store(rows: Iterable[dict[str, Any]], now: datetime) -> None:
    body = "".join(json.dumps(row, default=str) + "\n" for row in rows)
    key = f"{_folder(now)}{uuid.uuid4().hex}.jsonl"
    storage.write(_facts(), settings.PORTAL_BUCKET, key, body.encode())


def _folder(hour: datetime) -> str:
    return f"{PREFIX}{hour.astimezone(UTC):%Y-%m-%d/%H}/"


def _begin_gap(error: AwsError) -> None:
    """Whoever runs the platform is told when it begins, and not again."""
    mode.installation()
    with engine_scope():
        begins = Installation.objects.filter(unlogged_since=None).update(unlogged_since=Now())
    if begins:
        alert(
            ALARM,
            f"Mail leaves, and what left cannot be written to {PREFIX} in {settings.PORTAL_BUCKET} ({error}). Should the database be "
            "restored from a backup, runs of this time are held for somebody to decide. Let the worker's credentials write there.",
        )


def _end_gap(since: datetime) -> None:
    with engine_scope():
        Installation.objects.filter(unlogged_since=since).update(unlogged_since=None)
    settle(ALARM)
    logger.warning("the send log is written again; its gap began at %s", since)


def read(since: datetime, until: datetime) -> Log:
    """What left in that time, to the hour. Raises AwsError. Outside any transaction."""
    log, stayed, lines = Log(), set(), []
    for row in _rows(since, until):
        if "gap" in row:
            log.gaps.append(Gap(datetime.fromisoformat(row["gap"]), datetime.fromisoformat(row["until"])))
            continue
        line = _line(row)
        if line.left:
            lines.append(line)
        else:
            stayed.add((line.id, line.until))
    for line in sorted(lines, key=lambda line: line.at):
        if (line.id, line.until) not in stayed:
            log.left[line.id] = line
    return log


def _rows(since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    if not settings.PORTAL_BUCKET:
        return
    hour, keys = since.replace(minute=0, second=0, microsecond=0), list[str]()
    while hour <= until:
        keys += [found.key for found in storage.listed(_facts(), settings.PORTAL_BUCKET, _folder(hour))]
        hour += HOUR
    with ThreadPoolExecutor(READERS) as readers:
        for body in readers.map(lambda key: storage.read_bytes(_facts(), settings.PORTAL_BUCKET, key), keys):
            yield from map(json.loads, body.decode().splitlines())


def _line(row: dict[str, Any]) -> Line:
    ids = {name: uuid.UUID(row[name]) if row[name] else None for name in ("id", "tenant", "job", "schedule")}
    times = {name: datetime.fromisoformat(row[name]) if row[name] else None for name in ("until", "at", "planned_at")}
    return Line(**(row | ids | times))
