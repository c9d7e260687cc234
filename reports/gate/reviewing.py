"""One review, from its lease to its verdict: read inside its company, judged without a transaction, written down in another one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import InterfaceError, OperationalError, connection

from reports.after_sending import place_of, write_down
from reports.aws.errors import AwsError
from reports.catalogue import read_facts
from reports.due import Taken
from reports.gate import verdicts
from reports.gate.judging import Judgement, Task, judge, task_of
from reports.gate.retries import MOST_TRIES
from reports.gate.taking import LEASE_SECONDS
from reports.models import Review
from tenants import log_context
from tenants.scope import tenant_scope

logger = logging.getLogger(__name__)
Clock = Callable[[], datetime]
UNREAD = Judgement(findings=[{"code": "unread", "file": ""}])
FAILED = Judgement(findings=[{"code": "check_failed", "file": ""}])


def carry(taken: Taken, clock: Clock) -> None:
    """Never raises: a fault of ours on one review stops no other. Runs in a thread of its own, outside any scope."""
    with log_context.about(tenant=taken.tenant_id):
        try:
            see_to(taken, clock)
        except (OperationalError, InterfaceError):
            # The lease says when it is looked into again.
            logger.warning("review %s: the database did not answer", taken.id)
        except Exception as error:
            logger.error("review %s: %s in our own code at %s", taken.id, type(error).__name__, place_of(error))
            _write_down(lambda: verdicts.write(taken, FAILED, clock()))
        finally:
            connection.close()


def see_to(taken: Taken, clock: Clock) -> None:
    if taken.status == Review.Status.HELD:
        _write_down(lambda: verdicts.let_lapse(taken, clock()))
    elif taken.tries > MOST_TRIES:
        # No try ended in order, or the last one would have ended it: whatever it does to its process, it does so no more.
        _write_down(lambda: verdicts.write(taken, FAILED, clock()))
    else:
        _check(taken, clock)


def _check(taken: Taken, clock: Clock) -> None:
    task = _prepare(taken)
    if task is None:
        return
    account = read_facts(task.account_id)
    if not connection.in_atomic_block:
        # Nobody needs it for as long as the files are looked into.
        connection.close()
    try:
        judgement = judge(task, account)
    except (AwsError, OSError) as error:
        # The second one is ours: no room for the copy that is looked into. A file is not to blame for either.
        logger.warning("review %s: %s", taken.id, error.code if isinstance(error, AwsError) else error.strerror)
        _write_down(lambda: verdicts.put_off(taken, UNREAD, clock()))
    else:
        _write_down(lambda: verdicts.write(taken, judgement, clock()))


def _prepare(taken: Taken) -> Task | None:
    """None: it is somebody else's by now."""
    with tenant_scope(taken.tenant_id):
        review = verdicts.leased(taken).select_related("job__occurrence__schedule").first()
        return task_of(review) if review else None


def _write_down(write: Callable[[], object]) -> None:
    write_down(write, LEASE_SECONDS)
