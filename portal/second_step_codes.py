"""Whether a code is right: six digits of an authenticator app (RFC 6238), or a recovery code. Each is good once."""

from __future__ import annotations

import time

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.db import connection

from portal.second_step_secrets import place, secrets_of
from tenants.encryption import decrypt
from tenants.models import User

STEP_SECONDS = 30
# The code of a moment ago is right too: a person needs a while to type it.
STEPS_BEFORE = 1


def accepted(person: User, code: str) -> Authenticator | None:
    """What the code is of, and from now on it is used. None: it is wrong, or was used before."""
    for row in Authenticator.objects.filter(user_id=person.pk, type__in=(Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)):
        with secrets_of(person.pk):
            is_right = _accept_from_app(person, row, code) if row.type == Authenticator.Type.TOTP else row.wrap().validate_code(code)
        if is_right:
            row.user = person
            return row
    return None


def app_of(person: User) -> Authenticator | None:
    """None: no second step."""
    return Authenticator.objects.filter(user_id=person.pk, type=Authenticator.Type.TOTP).first()


def step_of(secret: str, code: str) -> int | None:
    """The step of time that the code is of. None: of none that counts now."""
    now = int(time.time()) // STEP_SECONDS
    for step in range(now, now - STEPS_BEFORE - 1, -1):
        if compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, step))):
            return step
    return None


def note_used(person: User, step: int) -> bool:
    """Compare-and-set: of two with one code, or with an older one, the second is refused. In the row, not in a cache that may forget."""
    with connection.cursor() as cursor:
        cursor.execute(
            "update mfa_authenticator set data = jsonb_set(data, '{last_step}', to_jsonb(%s::bigint)) "
            "where user_id = %s and type = 'totp' and coalesce((data ->> 'last_step')::bigint, 0) < %s",
            [step, person.pk, step],
        )
        return cursor.rowcount == 1


def _accept_from_app(person: User, row: Authenticator, code: str) -> bool:
    step = step_of(decrypt(row.data["secret"], place(row.user_id)), code)
    return step is not None and note_used(person, step)
