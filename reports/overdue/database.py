"""Telling that the database does not answer: from a file beside this process, because there is no table to keep it in."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from reports.alarms.webhook import NotTold, post
from reports.alarms.words import body_of
from reports.delivery import email_url
from reports.delivery.channel import NotSent, Parcel, Refused
from reports.delivery.email import Email
from reports.mails import alarm_mails
from reports.models import Alarm, AlarmMessage
from reports.overdue.looking import DATABASE, Cause

logger = logging.getLogger(__name__)
Told, Way = AlarmMessage.Told, AlarmMessage.Way
# Longer than a failover or a restart of it takes.
SILENT_FOR = timedelta(seconds=90)
# Of ids of messages that stand in no table.
SPACE = uuid.UUID("6b0f2f1e-3d0e-4c79-9b39-2f6c2b3c7f52")
WEBHOOK = ""


@dataclass
class Silence:
    """`told`: by address, empty for the webhook, what it was told. `staff`: addresses as the database last told them."""

    since: str = ""
    over_at: str = ""
    told: dict[str, str] = field(default_factory=dict)
    staff: list[str] = field(default_factory=list)


def silent(reason: str, now: datetime) -> Cause:
    """Another look that got no answer. Told when that lasts; who could not be told is tried again at the next one."""
    with _state() as state:
        if not state.since:
            logger.error("%s: %s", DATABASE, reason)
        state.since, state.over_at = state.since or now.isoformat(), ""
        if now - datetime.fromisoformat(state.since) >= SILENT_FOR:
            _tell(state, Told.RAISED, now)
        return Cause(DATABASE, "", _sentence(state))


def answers(staff: list[str], now: datetime) -> None:
    with _state() as state:
        state.staff = staff
        if not state.since:
            return
        if not state.over_at:
            logger.warning("%s: it answers again", DATABASE)
        state.over_at = state.over_at or now.isoformat()
        _tell(state, Told.ENDED, now)
        if Told.RAISED not in state.told.values():
            state.since, state.over_at, state.told = "", "", {}


@contextmanager
def _state() -> Iterator[Silence]:
    """Read and written back by one process at a time, so that two on a host tell once. Only we may read it: it names people."""
    folder: Path = settings.STATE_DIR
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / "overdue.json", os.O_RDWR | os.O_CREAT, 0o600)
    with open(handle, "r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        state = _read(file.read())
        before = asdict(state)
        try:
            yield state
        finally:
            if asdict(state) != before:
                file.seek(0)
                file.truncate()
                json.dump(asdict(state), file)


def _read(text: str) -> Silence:
    try:
        return Silence(**json.loads(text))
    except (ValueError, TypeError):
        # New, or broken off by a full disk: then it is told once more rather than not at all.
        return Silence()


def _tell(state: Silence, told: str, now: datetime) -> None:
    alarm = Alarm(code=DATABASE, subject="", sentence=_sentence(state), raised_at=datetime.fromisoformat(state.since))
    alarm.ended_at = datetime.fromisoformat(state.over_at) if state.over_at else None
    for address in _receivers(state, told):
        try:
            _send(alarm, address, told, now)
        except Refused as error:
            logger.warning("%s could not be told by mail: %s, given up", DATABASE, error.code)
            state.told[address] = Told.ENDED
        except (NotTold, NotSent) as error:
            logger.warning("%s could not be told: %s", DATABASE, error.code if isinstance(error, NotSent) else error)
            if address != WEBHOOK:
                # One mail server has them all, and to wait for it again and again would keep the next look waiting.
                return
        else:
            state.told[address] = told


def _receivers(state: Silence, told: str) -> list[str]:
    """The webhook first: it answers within seconds."""
    if told == Told.ENDED:
        return sorted(address for address, heard in state.told.items() if heard == Told.RAISED)
    wanted = [WEBHOOK] if settings.PORTAL_ALERT_WEBHOOK else []
    wanted += state.staff if email_url.setup() else []
    return [address for address in wanted if address not in state.told]


def _send(alarm: Alarm, address: str, told: str, now: datetime) -> None:
    """Raises NotTold, NotSent."""
    if address == WEBHOOK:
        post(settings.PORTAL_ALERT_WEBHOOK, body_of(alarm, told))
    elif setup := email_url.setup():
        key = uuid.uuid5(SPACE, f"{alarm.raised_at.isoformat()} {address}")
        message = AlarmMessage(pk=key, alarm=alarm, way=Way.MAIL, address=address)
        letter = alarm_mails.letter_of(message, told, now)
        Email(setup).send(Parcel(alarm_mails.mail_id(message, told), address, letter))


def _sentence(state: Silence) -> str:
    since = datetime.fromisoformat(state.since)
    return (
        f"The database has not answered since {since:%Y-%m-%d %H:%M}Z: no page works, and nothing is noted, started or sent. "
        'See that PostgreSQL runs and can be reached; docs/operations.md, "When the worker is gone".'
    )
