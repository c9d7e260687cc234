"""The channel email: a letter becomes a mail of its own for one address, and leaves by SMTP, by SES, or into a folder."""

from __future__ import annotations

import io
import os
import uuid
from email.generator import BytesGenerator
from email.utils import formataddr, parseaddr
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage

from reports.aws import mail
from reports.aws.errors import AccessDenied, AwsError, LimitReached, NotFound, NoVerdict, Throttled
from reports.aws.errors import AccountRefused as RefusedByAws
from reports.delivery import smtp
from reports.delivery.channel import NotSent, OurFault, Parcel, Refused, Sent, TooFast, TryLater
from reports.delivery.email_url import EmailSetup
from reports.delivery.identity import message_id

# Comes back with SES's events, whose mails have no Message-ID of ours.
TAG = "delivery"
# SES says these of the whole account or of our sender.
OURS = {
    "AccountSuspendedException": "sending_stopped",
    "SendingPausedException": "sending_stopped",
    "MailFromDomainNotVerifiedException": "sender_refused",
}
NOT_VERIFIED = "not verified"
# Botocore's words for a request that did not even leave.
NEVER_LEFT = {"ConnectTimeoutError": "no_answer", "EndpointConnectionError": "unreachable"}


class Email:
    def __init__(self, setup: EmailSetup) -> None:
        self.setup = setup

    def send(self, sending: Parcel) -> Sent:
        parcel = sending
        raw = raw_mail(self.setup, parcel)
        if self.setup.scheme == "ses":
            return _by_ses(self.setup, parcel, raw)
        if self.setup.scheme == "file":
            return _into_folder(self.setup, parcel, raw)
        return smtp.send(self.setup, parcel.id, parcel.address, raw)


def raw_mail(setup: EmailSetup, parcel: Parcel) -> bytes:
    """To this one address whatever the letter says; from our one sender, under the letter's name for it."""
    message: EmailMessage = parcel.message
    message.to, message.cc, message.bcc = [parcel.address], [], []
    message.from_email = formataddr((parseaddr(message.from_email)[0], setup.sender))
    message.extra_headers["Message-ID"] = message_id(parcel.id)
    written = io.BytesIO()
    BytesGenerator(written, mangle_from_=False).flatten(message.message(), linesep="\r\n")
    return written.getvalue()


def _into_folder(setup: EmailSetup, parcel: Parcel, raw: bytes) -> Sent:
    """Whole or not at all, and once: a second try writes the same file."""
    folder = Path(setup.folder)
    path, half = folder / f"{parcel.id}.eml", folder / f".{parcel.id}.{uuid.uuid4().hex}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        half.write_bytes(raw)
        os.replace(half, path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise TryLater("unreachable", error.strerror or type(error).__name__) from error
    return Sent(f"Written to {path.name}.")


def _by_ses(setup: EmailSetup, parcel: Parcel, raw: bytes) -> Sent:
    try:
        sent = mail.send_raw(
            setup.region or settings.AWS_REGION,
            raw,
            sender=setup.sender,
            address=parcel.address,
            tags={TAG: str(parcel.id)},
            configuration_set=setup.configuration_set,
        )
    except AwsError as error:
        raise _told_by_ses(error, setup) from error
    return Sent(f"Accepted by Amazon SES as {sent}.")


def _told_by_ses(error: AwsError, setup: EmailSetup) -> NotSent:
    answer = str(error)[:500]
    if isinstance(error, Throttled):
        return TooFast("asked_to_wait", answer)
    if error.code in OURS:
        return OurFault(OURS[error.code], answer)
    if isinstance(error, LimitReached):
        return OurFault("sending_stopped", answer)
    if isinstance(error, RefusedByAws | AccessDenied | NotFound):
        return OurFault("login_refused", answer)
    if isinstance(error, NoVerdict):
        known = NEVER_LEFT.get(error.code)
        return TryLater(known or "fate_unknown", answer, unknown=known is None)
    # It names the address. A recipient's has to be verified only while the account is in SES's sandbox.
    ours = NOT_VERIFIED in error.message and setup.sender.lower() in error.message.lower()
    return OurFault("sender_refused", answer) if ours else Refused("not_accepted", answer)
