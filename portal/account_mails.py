"""Mails about somebody's own account. The worker writes and sends them: a page must not take longer where there is somebody to write to."""

from __future__ import annotations

from functools import partial

from django.db import transaction

from reports import tasks
from reports.mails.account_mails import KINDS
from tenants.models import User

NOBODY = 0


def ask_reset(person: User | None) -> None:
    """None: there is no such account. A task is sent all the same, which does nothing, so that the answer takes as long."""
    _send("reset", person.pk if person else NOBODY)


def tell(person: User, kind: str) -> None:
    """What happened to an account. Kinds without a mail, such as those of reset itself, are passed over."""
    if kind in KINDS:
        _send(kind, person.pk)


def _send(kind: str, user_id: int) -> None:
    transaction.on_commit(partial(tasks.send_account_mail, kind, user_id))
