"""A look, from the database's answer to whoever is told. Called once by cron, or again and again by `--every`."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from reports.alarms import telling
from reports.models import AlarmMessage
from reports.overdue import comparing, database
from reports.overdue.looking import Cause, look

# All statements of a look together. A server that is frozen takes what is sent and says nothing, for as long as it likes.
ANSWER_SECONDS = 60.0
# Of this process: one that waits for such an answer still.
_asking: list[threading.Thread] = []


@dataclass(frozen=True)
class Answer:
    """`telling`: who still tells. `staff`: where they can be reached when the next look gets no answer."""

    causes: list[Cause]
    telling: list[threading.Thread]
    staff: list[str]


def watch() -> tuple[list[Cause], list[threading.Thread]]:
    """What is overdue, and who still tells it. A database that does not answer is a cause like any other."""
    answer = _answer()
    if isinstance(answer, OperationalError | InterfaceError):
        return [database.silent(type(answer).__name__, timezone.now())], []
    if isinstance(answer, Exception):
        raise answer
    if answer is None:
        return [database.silent(f"no answer within {ANSWER_SECONDS:.0f} s", timezone.now())], []
    database.answers(answer.staff, timezone.now())
    return answer.causes, answer.telling


def _answer() -> Answer | Exception | None:
    """None: not in time. It is not asked again before that has ended."""
    _asking[:] = [thread for thread in _asking if thread.is_alive()]
    if _asking:
        return None
    answers: SimpleQueue[Answer | Exception] = SimpleQueue()
    _asking.append(threading.Thread(target=_ask, args=(answers,), name="overdue", daemon=True))
    _asking[0].start()
    try:
        return answers.get(timeout=ANSWER_SECONDS)
    except Empty:
        return None


def _ask(answers: SimpleQueue[Answer | Exception]) -> None:
    try:
        found = look()
        comparing.compare(found)
        tellers = comparing.tell()
        staff = [address for way, address in telling.receivers() if way == AlarmMessage.Way.MAIL]
        answers.put(Answer(found.causes, tellers, staff))
    except Exception as error:
        # Raised again by whoever waits for it.
        answers.put(error)
    finally:
        connection.close()
