"""From alarms to messages: who is to be told, and of what. In the engine's scope, without a call to anybody."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import F

from reports.models import Alarm, AlarmMessage

Handed, Told = Alarm.Handed, AlarmMessage.Told
# In one turn.
MOST = 100
Receiver = tuple[str, str]  # way and address


def hand_out(receivers: list[Receiver], now: datetime, codes: Collection[str] | None = None) -> None:
    """A message for each receiver of each new alarm; and for those who were told of one that is over, the news of that.

    `codes`: of no other alarms.
    """
    _forget(now)
    waiting = Alarm.objects.exclude(handed=Handed.ENDED).exclude(handed=Handed.RAISED, ended_at=None)
    waiting = waiting if codes is None else waiting.filter(code__in=codes)
    # Locked: whoever writes down just now that it was told has to see its end, or we have to see what was told.
    for alarm in waiting.select_for_update(skip_locked=True).order_by("id")[:MOST]:
        if alarm.handed == Handed.NOTHING:
            new = [AlarmMessage(alarm=alarm, way=way, address=address, next_try_at=now) for way, address in receivers]
            AlarmMessage.objects.bulk_create(new, ignore_conflicts=True)
        else:
            alarm.messages.filter(told=Told.RAISED, next_try_at=None).update(next_try_at=now, tries=0)
        handed = Handed.ENDED if alarm.ended_at else Handed.RAISED
        Alarm.objects.filter(pk=alarm.pk).update(handed=handed)


def _forget(now: datetime) -> None:
    """Events of long ago. Nobody is told that they are over: they were, as soon as they happened."""
    Alarm.objects.filter(ended_at=None, forget_at__lte=now, handed=Handed.RAISED).update(ended_at=F("forget_at"), handed=Handed.ENDED)
