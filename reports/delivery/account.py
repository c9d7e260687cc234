"""Sends a mail about a person's own account, at once: who asked for it waits for it, and asks again if it does not come."""

from __future__ import annotations

import logging
import time
from datetime import datetime

from django.conf import settings
from django.utils import translation

from reports.delivery import email_url
from reports.delivery.channel import NotSent, Parcel, TryLater
from reports.delivery.email import Email
from reports.mails.account_mails import letter
from tenants.models import User

logger = logging.getLogger(__name__)
TRIES, WAIT_SECONDS = 3, 4


def send(kind: str, user_id: int, now: datetime) -> None:
    """Nothing for somebody who is not there, was switched off meanwhile, or where no mail is set up."""
    person = User.objects.filter(pk=user_id, is_active=True).first()
    setup = email_url.setup()
    if person is None or setup is None:
        return
    with translation.override(person.language or settings.LANGUAGE_CODE):
        mail_id, message = letter(kind, person, now)
    try:
        _try(Email(setup), Parcel(mail_id, person.email, message))
    except NotSent as error:
        logger.warning("mail %s to person %s was not sent: %s", kind, user_id, error.code)


def _try(email: Email, parcel: Parcel, left: int = TRIES) -> None:
    """Raises NotSent. What may have arrived is not sent twice."""
    try:
        email.send(parcel)
    except TryLater as error:
        if left == 1 or error.unknown:
            raise
        time.sleep(WAIT_SECONDS)
        _try(email, parcel, left - 1)
