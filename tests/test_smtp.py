"""The mail server of the tests, from the side of the library that the product sends with."""

from __future__ import annotations

import smtplib
import socket
import ssl
import subprocess
import sys
from contextlib import suppress
from email.message import EmailMessage

import pytest

from tests.smtp import AT, SmtpServer

FROM, KIM, LEE = "reports@fanfold.example", "kim@acme.example", "lee@acme.example"
SHORT = 0.3


def letter(*, to: str = KIM, message_id: str = "<one@fanfold.example>") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"], message["Message-ID"] = FROM, to, "Ihr Bericht für März", message_id
    message.set_content("Grüße\n.\nEnde\n")
    message.add_alternative("<p>Grüße</p>", subtype="html")
    return message


def send(smtp: SmtpServer, *recipients: str, timeout: float = 10, **headers: str) -> None:
    with smtplib.SMTP("127.0.0.1", smtp.port, timeout=timeout) as client:
        client.send_message(letter(**headers), FROM, list(recipients or [KIM]))


def test_a_mail_is_kept_with_its_envelope_headers_and_bodies(smtp):
    send(smtp, KIM, LEE)

    mail = smtp.mails[0]
    assert (mail.sender, mail.recipients) == (FROM, (KIM, LEE))
    assert (mail.message["Subject"], mail.message_id) == ("Ihr Bericht für März", "<one@fanfold.example>")
    assert (mail.text(), mail.text("html")) == ("Grüße\n.\nEnde\n", "<p>Grüße</p>\n")
    assert smtp.to(LEE) == [mail]


def test_connections_are_counted(smtp):
    send(smtp)
    send(smtp)

    assert (smtp.connections, len(smtp.mails)) == (2, 2)


def test_another_process_reaches_it_by_its_port(smtp):
    sending = f"import smtplib; smtplib.SMTP('127.0.0.1', {smtp.port}).sendmail('a@b.example', ['{KIM}'], b'Subject: x')"

    subprocess.run([sys.executable, "-c", sending], check=True)

    assert smtp.to(KIM)[0].sender == "a@b.example"


def test_it_refuses_and_listens_again_at_the_same_port(smtp):
    port = smtp.port
    smtp.refuse()

    with pytest.raises(ConnectionRefusedError):
        send(smtp)
    smtp.listen()
    send(smtp)

    assert (smtp.port, len(smtp.mails)) == (port, 1)


def test_an_open_connection_ends_when_it_refuses(smtp):
    with socket.create_connection(("127.0.0.1", smtp.port)) as client:
        assert client.recv(3) == b"220"

        smtp.refuse()

        with suppress(ConnectionResetError):
            while client.recv(1000):
                pass


@pytest.mark.parametrize("at", AT)
def test_it_hangs_at_each_moment_of_a_conversation(smtp, at):
    smtp.hang(at)

    with pytest.raises(OSError, match="timed out"):
        send(smtp, timeout=SHORT)

    assert smtp.mails == []


def test_who_hangs_goes_on_once_it_is_healed(smtp):
    smtp.hang("data")
    sending = f"import smtplib; smtplib.SMTP('127.0.0.1', {smtp.port}).sendmail('a@b.example', ['{KIM}'], b'Subject: x')"
    with subprocess.Popen([sys.executable, "-c", sending]) as process:
        while not smtp.hanging:
            assert process.poll() is None

        smtp.heal()

    assert (process.returncode, len(smtp.mails), smtp.hanging) == (0, 1, 0)


@pytest.mark.parametrize("at", AT)
def test_it_drops_the_connection_at_each_moment(smtp, at):
    smtp.drop(at)

    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        send(smtp)
    send(smtp)

    assert len(smtp.mails) == 1


def test_it_drops_the_connection_after_it_kept_the_mail(smtp):
    smtp.drop("message", kept=True)

    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        send(smtp)

    assert [mail.message_id for mail in smtp.mails] == ["<one@fanfold.example>"]


def test_one_recipient_is_refused_and_the_other_served(smtp):
    smtp.answer("550 5.1.1 No such user", to=LEE)

    with smtplib.SMTP("127.0.0.1", smtp.port) as client:
        refused = client.send_message(letter(), FROM, [KIM, LEE])

    assert refused == {LEE: (550, b"5.1.1 No such user")}
    assert [mail.recipients for mail in smtp.mails] == [(KIM,)]


@pytest.mark.parametrize("at", AT)
def test_an_answer_can_be_given_at_each_moment_and_for_a_while(smtp, at):
    # A client that hears no to EHLO tries HELO.
    smtp.answer("451 4.3.0 Try later", at=at, times=2 if at == "ehlo" else 1)

    with pytest.raises(smtplib.SMTPException, match=r"451.*4\.3\.0 Try later"):
        send(smtp)
    send(smtp)

    assert len(smtp.mails) == 1


def test_an_answer_to_the_message_can_depend_on_its_recipient(smtp):
    smtp.answer("554 5.7.1 Spam", at="message", to=LEE)

    send(smtp, KIM)
    with pytest.raises(smtplib.SMTPDataError, match=r"5\.7\.1"):
        send(smtp, LEE)

    assert [mail.recipients for mail in smtp.mails] == [(KIM,)]


def test_a_login_is_required(smtp):
    smtp.require_login("portal", "p@ss:word")

    with pytest.raises(smtplib.SMTPSenderRefused, match="530"):
        send(smtp)
    with smtplib.SMTP("127.0.0.1", smtp.port) as client, pytest.raises(smtplib.SMTPAuthenticationError):
        client.login("portal", "wrong")
    with smtplib.SMTP("127.0.0.1", smtp.port) as client:
        client.login("portal", "p@ss:word")
        client.send_message(letter(), FROM, [KIM])

    assert len(smtp.mails) == 1
    assert smtp.url(rate=5) == f"smtp://portal:p%40ss%3Aword@127.0.0.1:{smtp.port}?rate=5"


def test_starttls_is_offered_and_not_demanded(smtp, tmp_path):
    certificate = smtp.offer_starttls(tmp_path)

    send(smtp)
    with smtplib.SMTP("127.0.0.1", smtp.port) as client:
        client.starttls(context=ssl.create_default_context(cafile=certificate))
        client.send_message(letter(), FROM, [KIM])

    assert (len(smtp.mails), smtp.connections) == (2, 2)
