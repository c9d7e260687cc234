"""What is told of an alarm. In English like the log: these lines are searched for, routed and forwarded."""

from __future__ import annotations

from typing import Any

from reports.models import Alarm, AlarmMessage

Told = AlarmMessage.Told


def text_of(alarm: Alarm, told: str) -> str:
    return alarm.sentence if told == Told.RAISED else f"Over: {first_sentence(alarm.sentence)}"


def body_of(alarm: Alarm, told: str) -> dict[str, Any]:
    """For the webhook; `text` alone is what chat services show."""
    at = alarm.raised_at if told == Told.RAISED else alarm.ended_at
    return {
        "type": f"alarm.{told}",
        "code": alarm.code,
        "subject": alarm.subject,
        "text": text_of(alarm, told),
        "at": at.isoformat() if at else None,
        "count": alarm.count,
    }


def first_sentence(text: str) -> str:
    first, mark, _rest = text.partition(". ")
    return f"{first}." if mark else first
