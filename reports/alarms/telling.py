"""The stand that tells people of alarms. It never waits for a peer: each way has a thread of its own, which may."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.db.models import QuerySet

from reports.alarms import handing, paused_reports, words
from reports.alarms.handing import Receiver
from reports.alarms.webhook import NotTold, post
from reports.delivery import email_url
from reports.delivery.channel import NotSent, Parcel, Refused
from reports.delivery.email import Email
from reports.engine.clock import DatabaseClock
from reports.mails import alarm_mails
from reports.models import Alarm, AlarmMessage
from tenants.models import User
from tenants.scope import engine_scope

logger = logging.getLogger(__name__)
Way, Told = AlarmMessage.Way, AlarmMessage.Told
LOOK_SECONDS = 1.0
# Longer than a conversation with a mail server may take.
LEASE = timedelta(minutes=5)
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=5)
# What nobody took for so long is no news any more.
GIVEN_UP_AFTER = timedelta(hours=24)
# Of this process: a thread that waits for a slow peer outlives the stand that began it.
_busy: dict[str, threading.Thread] = {}


@dataclass(frozen=True)
class Errand:
    """One message in hand. `until` tells this taking from every other one."""

    message: AlarmMessage
    told: str
    until: datetime


def teller() -> Callable[[], bool]:
    return Teller().turn


class Teller:
    def __init__(self) -> None:
        self._clock, self._look_at = DatabaseClock(), 0.0

    def turn(self) -> bool:
        """Always False: what it begins goes on by itself, and nothing is gained by looking again at once."""
        if time.monotonic() < self._look_at:
            return False
        self._look_at = time.monotonic() + LOOK_SECONDS
        with engine_scope():
            self._clock.synchronise()
        paused_reports.compare()
        begin(receivers(), self._clock)
        return False


def begin(told: list[Receiver], clock: Callable[[], datetime], codes: Collection[str] | None = None) -> list[threading.Thread]:
    """Hand out what is new, and tell what is due; those who do. Two who begin at once tell once. `codes`: of no other alarms."""
    with engine_scope():
        handing.hand_out(told, clock(), codes)
        ways = list(_due(clock(), codes).values_list("way", flat=True).distinct())
    for way in ways:
        busy = _busy.get(way)
        if busy is None or not busy.is_alive():
            # Not a daemon: a process that ends in order waits for what is on the wire.
            _busy[way] = threading.Thread(target=tell_all, args=(way, clock, codes), name=f"alarms-{way}")
            _busy[way].start()
    return [_busy[way] for way in ways]


def receivers() -> list[Receiver]:
    """Outside any scope, as the worker's login: the staff's addresses are no engine's business."""
    found: list[Receiver] = [(Way.WEBHOOK, "")] if settings.PORTAL_ALERT_WEBHOOK else []
    if email_url.setup():
        staff = User.objects.filter(is_staff=True, is_active=True).order_by("id")
        found += [(Way.MAIL, address) for address in staff.values_list("email", flat=True)]
    return found


def tell_all(way: str, clock: Callable[[], datetime], codes: Collection[str] | None = None) -> None:
    """Everything that is due by this way, one after the other. Never raises."""
    try:
        while errand := _take(way, clock(), codes):
            _tell(errand, clock)
    except (OperationalError, InterfaceError):
        # What was in hand is due again at the end of its lease.
        logger.warning("alarms by %s: the database did not answer", way)
    finally:
        connection.close()


def _due(now: datetime, codes: Collection[str] | None) -> QuerySet[AlarmMessage]:
    due = AlarmMessage.objects.filter(next_try_at__lte=now)
    return due if codes is None else due.filter(alarm__code__in=codes)


def _take(way: str, now: datetime, codes: Collection[str] | None = None) -> Errand | None:
    with engine_scope():
        due = _due(now, codes).select_related("alarm").select_for_update(of=("self",), skip_locked=True)
        message = due.filter(way=way).order_by("next_try_at").first()
        if message is None:
            return None
        message.next_try_at, message.tries = now + LEASE, message.tries + 1
        message.save(update_fields=["next_try_at", "tries"])
        return Errand(message, AlarmMessage.AFTER[Told(message.told)], now + LEASE)


def _tell(errand: Errand, clock: Callable[[], datetime]) -> None:
    message, alarm = errand.message, errand.message.alarm
    try:
        SENDERS[message.way](message, errand.told, clock())
    except (NotTold, NotSent) as error:
        _not_told(errand, error, clock())
    except Exception as error:
        # Without its text, which may hold the address of the webhook. One message that cannot be made keeps no other waiting.
        logger.error("alarm %s by %s: %s in our own code", alarm, message.way, type(error).__name__)
        _not_told(errand, NotTold("internal"), clock())
    else:
        _told(errand, clock())


def _by_webhook(message: AlarmMessage, told: str, now: datetime) -> None:
    if settings.PORTAL_ALERT_WEBHOOK:
        post(settings.PORTAL_ALERT_WEBHOOK, words.body_of(message.alarm, told))


def _by_mail(message: AlarmMessage, told: str, now: datetime) -> None:
    if setup := email_url.setup():
        letter = alarm_mails.letter_of(message, told, now)
        Email(setup).send(Parcel(alarm_mails.mail_id(message, told), message.address, letter))


SENDERS: dict[str, Callable[[AlarmMessage, str, datetime], None]] = {Way.WEBHOOK: _by_webhook, Way.MAIL: _by_mail}


def _told(errand: Errand, now: datetime) -> None:
    with engine_scope():
        alarm = Alarm.objects.select_for_update().get(pk=errand.message.alarm_id)
        goes_on = errand.told == Told.RAISED and alarm.ended_at and alarm.forget_at is None
        _write(errand, told=errand.told, tries=0, answer="", next_try_at=now if goes_on else None)


def _not_told(errand: Errand, error: NotTold | NotSent, now: datetime) -> None:
    message, alarm = errand.message, errand.message.alarm
    reason = error.code if isinstance(error, NotSent) else str(error)
    since = alarm.raised_at if errand.told == Told.RAISED else alarm.ended_at or now
    gives_up = isinstance(error, Refused) or now - since > GIVEN_UP_AFTER
    wait = min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** min(message.tries - 1, 10))
    if message.tries == 1 or gives_up:
        logger.warning("alarm %s was not told by %s: %s%s", alarm, message.way, reason, ", given up" if gives_up else "")
    with engine_scope():
        _write(errand, answer=reason[:200], next_try_at=None if gives_up else now + wait)


def _write(errand: Errand, **changes: object) -> None:
    AlarmMessage.objects.filter(pk=errand.message.pk, next_try_at=errand.until).update(**changes)
