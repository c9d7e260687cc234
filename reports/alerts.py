"""What the people who run the platform have to know at once: a line of the log, and an alarm that lasts until it is settled.

An alarm is kept by itself: whatever becomes of the transaction in which it is raised, and in whatever scope that is. `reports/alarms/`
tells people. Nothing here raises: what is wrong already must not become worse because nobody can be told.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import django.db
from django.db import connection

logger = logging.getLogger(__name__)
# An event is no state that ends: after so long without another one, the next is news again.
EVENT_LASTS = timedelta(hours=24)
# One open alarm for each code and subject: raised again it only counts up, and nobody is told a second time.
RAISE = """
insert into reports_alarm as alarm (code, subject, sentence, raised_at, last_at, count, forget_at, handed)
values (%(code)s, %(subject)s, %(sentence)s, statement_timestamp(), statement_timestamp(), 1,
        statement_timestamp() + %(lasts)s::interval, '')
on conflict (code, subject) where ended_at is null
do update set count = alarm.count + 1, last_at = excluded.last_at, forget_at = excluded.forget_at
"""
SETTLE = """
update reports_alarm set ended_at = statement_timestamp() where code = %(code)s and subject = %(subject)s and ended_at is null
"""


def alert(code: str, sentence: str, subject: str = "", *, lasts: timedelta | None = None) -> None:
    """`code` is stable, for rules that route alarms; `sentence` says what happened, where, and what to do, and holds no tenant's content.

    `subject` is the name of the account, report, tenant or cluster. `lasts`: of an event, which nobody settles; None: until `settle`.
    """
    logger.error("%s: %s", code, sentence)
    _keep(RAISE, code=code, subject=subject[:120], sentence=sentence, lasts=lasts)


def settle(code: str, subject: str = "") -> None:
    """It is over. Those who were told of it are told so once."""
    _keep(SETTLE, code=code, subject=subject[:120])


def _keep(statement: str, **values: Any) -> None:
    """Outside any scope, and inside a transaction by a connection of its own."""
    own = connection.copy() if connection.in_atomic_block else connection
    try:
        with own.cursor() as cursor:
            cursor.execute(statement, values)
    except django.db.Error:
        logger.exception("the alarm %s could not be kept", values["code"])
    finally:
        if own is not connection:
            own.close()
