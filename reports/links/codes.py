"""What a protected link asks its visitor for: a passcode that somebody gave out, or six digits that are mailed to the link's address."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from enum import Enum

from django.contrib.auth.hashers import check_password
from django.db import transaction
from django.db.models import F

from reports import notices
from reports.models import Link, Notice, Protection
from reports.models.delivery import MOST_WRONG_CODES
from tenants.scope import tenant_scope
from tenants.secrets import secret_hash

CODE_LIFE = timedelta(minutes=10)
TRIES_A_CODE = 5
# Somebody who has the address could else fill a stranger's mailbox.
BETWEEN_CODES = timedelta(minutes=1)
CODES_AN_HOUR = 10
# How long a browser that answered rightly is not asked again.
UNLOCKED_FOR = timedelta(minutes=30)


class Answer(Enum):
    RIGHT = "right"
    WRONG = "wrong"
    STALE = "stale"  # no code is valid: none was asked for, it is too old, or its tries are used up
    LOCKED = "locked"  # ten wrong ones: no answer opens it any more


def new_code(link: Link, now: datetime) -> str:
    """Six digits that open the link for ten minutes; those of an earlier mail are good no longer. Only their hash is kept.

    Called when the mail is written, in the tenant's scope.
    """
    code = f"{secrets.randbelow(10**6):06}"
    Link.objects.for_tenant(link.tenant).filter(pk=link.pk).update(
        code_sha256=_code_hash(link, code), code_expires_at=now + CODE_LIFE, code_tries=0
    )
    return code


def ask_for_code(link: Link, *, now: datetime) -> bool:
    """A mail with a code to the link's address; False when one is on its way, or too many were sent. In the tenant's scope."""
    if link.protection != Protection.MAILED_CODE or not link.email or link.is_locked or not link.is_working(now):
        return False
    # Read once: two buttons pressed at once see the same number, and so ask for the same mail.
    asked = list(Notice.objects.filter(tenant=link.tenant, link=link, kind=Notice.Kind.CODE).values_list("created_at", flat=True))
    lately = [at for at in asked if at > now - timedelta(hours=1)]
    if len(lately) >= CODES_AN_HOUR or any(at > now - BETWEEN_CODES for at in lately):
        return False
    key = f"code {link.pk} {len(asked) + 1}"
    _notice, is_new = notices.ask_for(link.tenant, Notice.Kind.CODE, key, link.email, now=now, language=link.language, link=link)
    return is_new


def try_code(link: Link, given: str, *, now: datetime) -> tuple[Answer, int]:
    """The answer, and how many tries are left after it. Opens scopes of its own: no transaction is open while a passcode is hashed.

    A try is paid for before the answer is looked at and given back if it was right, so that guesses at once all count.
    """
    with tenant_scope(link.tenant_id):
        link = Link.objects.for_tenant(link.tenant).get(pk=link.pk)
        if link.is_locked:
            return Answer.LOCKED, 0
        if not _pay(link, now):
            return Answer.STALE, 0
        link.refresh_from_db(fields=["wrong_codes", "code_tries"])
    if not _is_right(link, given.strip()):
        return (Answer.LOCKED if link.is_locked else Answer.WRONG), _left(link)
    with tenant_scope(link.tenant_id), transaction.atomic():
        return (Answer.RIGHT, 0) if _use_up(link) else (Answer.STALE, 0)


def _pay(link: Link, now: datetime) -> bool:
    own = Link.objects.for_tenant(link.tenant).filter(pk=link.pk, wrong_codes__lt=MOST_WRONG_CODES)
    if link.protection == Protection.MAILED_CODE:
        own = own.filter(code_tries__lt=TRIES_A_CODE, code_expires_at__gt=now).exclude(code_sha256=None)
    return bool(own.update(wrong_codes=F("wrong_codes") + 1, code_tries=F("code_tries") + 1))


def _is_right(link: Link, given: str) -> bool:
    if link.protection == Protection.PASSCODE:
        return check_password(given, link.passcode)
    return hmac.compare_digest(_code_hash(link, given), bytes(link.code_sha256 or b""))


def _use_up(link: Link) -> bool:
    """Give the try back. A mailed code is good once; False: somebody else used it, or a later one took its place."""
    own = Link.objects.for_tenant(link.tenant).filter(pk=link.pk)
    if link.protection == Protection.MAILED_CODE:
        own = own.filter(code_sha256=link.code_sha256)
    return bool(own.update(wrong_codes=F("wrong_codes") - 1, code_tries=0, code_sha256=None, code_expires_at=None))


def _left(link: Link) -> int:
    left = MOST_WRONG_CODES - link.wrong_codes
    return min(left, TRIES_A_CODE - link.code_tries) if link.protection == Protection.MAILED_CODE else left


def _code_hash(link: Link, code: str) -> bytes:
    """With the link: the same digits have another hash elsewhere."""
    return secret_hash(f"{link.pk} {code}")
