"""Mail over SMTP: one conversation for each mail, each of its steps with a time-out, and a word for every way in which it can end."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.mail.utils import DNS_NAME

from reports.delivery import replies
from reports.delivery.channel import NotSent, OurFault, Sent, TryLater
from reports.delivery.email_url import EmailSetup

CONNECT_SECONDS, READ_SECONDS = 10, 30
# Each answer has its time-out, but a server that sends a byte now and then would keep us for ever. Shorter than a lease.
CONVERSATION_SECONDS = 180


def send(setup: EmailSetup, mail_id: uuid.UUID, address: str, raw: bytes) -> Sent:
    with _connected(setup) as smtp:
        try:
            _hand_over_envelope(smtp, _return_path(setup, mail_id), _in_ascii(address), len(raw))
        except OSError as error:
            raise _broken(error) from None
        try:
            code, text = smtp.data(raw)
        except smtplib.SMTPDataError as error:
            raise replies.about_recipient(error.smtp_code, _text(error.smtp_error)) from None
        except OSError as error:
            # It may have all of it and was about to say so.
            raise TryLater("fate_unknown", _broken(error).answer, unknown=True) from None
        if code != 250:
            raise replies.about_recipient(code, _text(text))
        return Sent(replies.said(code, _text(text)))


def check(setup: EmailSetup) -> None:
    """Connects and signs in, and sends nothing. Raises NotSent."""
    with _connected(setup):
        return


@contextmanager
def _connected(setup: EmailSetup) -> Iterator[smtplib.SMTP]:
    try:
        smtp = _connect(setup)
    except smtplib.SMTPConnectError as error:
        raise replies.about_us(error.smtp_code, _text(error.smtp_error), "sender_refused") from None
    except ssl.SSLError as error:
        raise OurFault("no_encryption", str(error)) from None
    except OSError as error:
        raise _broken(error) from None
    watch = threading.Timer(CONVERSATION_SECONDS, _break_off, [smtp])
    watch.daemon = True
    watch.start()
    try:
        _greet(smtp, setup)
        yield smtp
        _say_goodbye(smtp)
    finally:
        watch.cancel()
        smtp.close()


def _connect(setup: EmailSetup) -> smtplib.SMTP:
    if setup.scheme == "smtps":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            setup.host, setup.port, DNS_NAME.get_fqdn(), timeout=CONNECT_SECONDS, context=ssl.create_default_context()
        )
    else:
        smtp = smtplib.SMTP(setup.host, setup.port, DNS_NAME.get_fqdn(), timeout=CONNECT_SECONDS)
    assert smtp.sock is not None
    smtp.sock.settimeout(READ_SECONDS)
    return smtp


def _greet(smtp: smtplib.SMTP, setup: EmailSetup) -> None:
    try:
        smtp.ehlo_or_helo_if_needed()
        if setup.starttls:
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo_or_helo_if_needed()
        if setup.user:
            smtp.login(setup.user, setup.password)
    except smtplib.SMTPAuthenticationError as error:
        raise replies.about_us(error.smtp_code, _text(error.smtp_error), "login_refused") from None
    except smtplib.SMTPServerDisconnected as error:
        raise _broken(error) from None
    except smtplib.SMTPResponseException as error:
        fault = "no_encryption" if _lacks_encryption(smtp, setup) else "sender_refused"
        raise replies.about_us(error.smtp_code, _text(error.smtp_error), fault) from None
    except smtplib.SMTPException as error:
        # It offers no STARTTLS, or no way to sign in that we know.
        raise OurFault("no_encryption" if _lacks_encryption(smtp, setup) else "login_refused", str(error)) from None
    except ssl.SSLError as error:
        raise OurFault("no_encryption", str(error)) from None
    except OSError as error:
        raise _broken(error) from None


def _lacks_encryption(smtp: smtplib.SMTP, setup: EmailSetup) -> bool:
    return setup.starttls and not isinstance(smtp.sock, ssl.SSLSocket)


def _hand_over_envelope(smtp: smtplib.SMTP, sender: str, address: str, size: int) -> None:
    offered = {"size": f"size={size}", "8bitmime": "body=8bitmime"}
    code, text = smtp.mail(sender, [option for name, option in offered.items() if smtp.has_extn(name)])
    if code != 250:
        raise replies.about_us(code, _text(text), "sender_refused")
    code, text = smtp.rcpt(address)
    if code not in (250, 251):
        raise replies.about_recipient(code, _text(text))


def _return_path(setup: EmailSetup, mail_id: uuid.UUID) -> str:
    """With `bounces`, an address that says which mail came back: read_bounce needs no more of a returned mail."""
    if not setup.bounces:
        return setup.sender
    name, _, domain = setup.bounces.rpartition("@")
    return f"{name}+{mail_id.hex}@{domain}"


def _in_ascii(address: str) -> str:
    name, _, domain = address.rpartition("@")
    return f"{name}@{domain.encode('idna').decode()}" if not domain.isascii() else address


def _say_goodbye(smtp: smtplib.SMTP) -> None:
    """It has the mail. What becomes of the goodbye is of no interest."""
    try:
        smtp.putcmd("quit")
    except (OSError, smtplib.SMTPException):
        return


def _break_off(smtp: smtplib.SMTP) -> None:
    try:
        if smtp.sock is not None:
            smtp.sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _broken(error: OSError) -> NotSent:
    if isinstance(error, smtplib.SMTPServerDisconnected):
        # smtplib tells of a time-out in the same words as of a reset and of a goodbye; its cause does not.
        error = error.__context__ if isinstance(error.__context__, OSError) else ConnectionResetError()
    if isinstance(error, TimeoutError):
        return TryLater("no_answer", "No answer within the time-out.")
    if isinstance(error, ConnectionResetError | BrokenPipeError | ConnectionAbortedError):
        return TryLater("dropped", "The connection was closed.")
    return TryLater("unreachable", error.strerror or type(error).__name__)


def _text(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else answer
