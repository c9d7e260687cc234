"""A mail server on loopback that speaks real SMTP, keeps what it took, and misbehaves as a test asks.

It runs in a thread of the test's process; a worker process reaches it by `port`. `AT` names the moments of a conversation:

    smtp.hang("data")                                     # no answer to DATA, until `heal`
    smtp.answer("550 5.1.1 No such user", to="kim@acme.example")
    smtp.answer("451 4.3.0 Try later", at="message", times=2)
    smtp.drop("message", kept=True)                       # the mail arrived, its sender never hears so
    smtp.refuse()                                         # nobody listens any more, until `listen`
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.certificate import loopback_certificate

# In their order. `data`: the command; `message`: all of it has come, and its sender waits for the answer.
AT = ("connect", "ehlo", "mail", "rcpt", "data", "message")
FOREVER = 1_000_000_000


@dataclass(frozen=True)
class Mail:
    sender: str
    recipients: tuple[str, ...]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.raw, policy=email.policy.default)  # type: ignore[return-value]

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])

    def text(self, kind: str = "plain") -> str:
        """Of the body, or with `kind="html"` of its HTML. Line ends are \\n."""
        body = self.message.get_body((kind,))
        assert body is not None, f"The mail has no {kind} body."
        return body.get_content().replace("\r\n", "\n")


@dataclass
class Fault:
    """`answer`: what is said instead of going on; without one the server is silent, or with `drops` gone."""

    at: str
    to: str
    times: int
    answer: str = ""
    drops: bool = False
    kept: bool = False

    def __post_init__(self) -> None:
        assert self.at in AT, f"{self.at} is none of {AT}."


class SmtpServer:
    """Use as a context manager. `mails` are in the order of their arrival; `connections` counts those made so far."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.connections, self.port = 0, 0
        self._faults: list[Fault] = []
        self._login: tuple[str, str] | None = None
        self._tls: ssl.SSLContext | None = None
        self._open: set[_Conversation] = set()
        self._loop = asyncio.new_event_loop()
        self._healed = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, name="smtp")

    def __enter__(self) -> SmtpServer:
        self._thread.start()
        self.listen()
        return self

    def __exit__(self, *error: object) -> None:
        self.refuse()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def url(self, scheme: str = "smtp", **query: object) -> str:
        """As EMAIL_URL wants it, with the login if one is required."""
        login = ":".join(quote(part, safe="") for part in self._login) + "@" if self._login else ""
        return f"{scheme}://{login}127.0.0.1:{self.port}" + (f"?{urlencode(query)}" if query else "")

    def to(self, address: str) -> list[Mail]:
        return [mail for mail in self.mails if address in mail.recipients]

    def listen(self) -> None:
        """Again, at the same port."""
        self._server = self._do(self._listen)
        self.port = self._server.sockets[0].getsockname()[1]

    def refuse(self) -> None:
        """New connections are refused, and the open ones reset."""
        self._do(self._refuse)

    def hang(self, at: str, *, to: str = "", times: int = FOREVER) -> None:
        self._faults.append(Fault(at, to, times))

    def drop(self, at: str, *, kept: bool = False, to: str = "", times: int = 1) -> None:
        """The connection is reset. At `message` the mail is `kept` or not: its sender cannot know."""
        self._faults.append(Fault(at, to, times, drops=True, kept=kept))

    def answer(self, line: str, *, at: str = "rcpt", to: str = "", times: int = FOREVER) -> None:
        """`line` is a reply: code, perhaps an enhanced code, words. With `to` only where that address is a recipient."""
        self._faults.append(Fault(at, to, times, answer=line))

    def require_login(self, user: str, password: str) -> None:
        self._login = (user, password)

    def offer_starttls(self, folder: Path) -> Path:
        """The certificate that a client has to trust, for 127.0.0.1 and localhost; made in `folder`."""
        certificate, key = loopback_certificate(folder)
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(certificate, key)
        return certificate

    def heal(self) -> None:
        """No fault is left, and whoever hangs goes on."""
        self._faults.clear()
        self._do(self._release)

    @property
    def hanging(self) -> int:
        """How many clients wait for an answer that does not come."""
        return sum(conversation.hangs for conversation in set(self._open))

    def fault(self, at: str, recipients: list[str]) -> Fault | None:
        for fault in self._faults:
            if fault.at == at and fault.times and (not fault.to or fault.to in recipients):
                fault.times -= 1
                return fault
        return None

    async def healed(self) -> None:
        await self._healed.wait()

    def keep(self, envelope: Envelope) -> None:
        assert isinstance(envelope.original_content, bytes)
        self.mails.append(Mail(envelope.mail_from or "", tuple(envelope.rcpt_tos), envelope.original_content))

    def arrived(self, conversation: _Conversation) -> None:
        self.connections += 1
        self._open.add(conversation)

    def gone(self, conversation: _Conversation) -> None:
        self._open.discard(conversation)

    def _conversation(self) -> _Conversation:
        options: dict[str, Any] = {"enable_SMTPUTF8": True, "hostname": "mail.test.invalid", "loop": self._loop}
        if self._login:
            options |= {"auth_required": True, "auth_require_tls": False, "authenticator": self._authenticate}
        return _Conversation(self, tls_context=self._tls, **options)

    def _authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: Any) -> AuthResult:
        assert isinstance(login, LoginPassword)
        return AuthResult(success=(login.login.decode(), login.password.decode()) == self._login, handled=False)

    def _do(self, act: Callable[[], Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(act(), self._loop).result(10)

    async def _listen(self) -> asyncio.Server:
        return await self._loop.create_server(self._conversation, "127.0.0.1", self.port)

    async def _refuse(self) -> None:
        self._server.close()
        for conversation in set(self._open):
            conversation.abort()
        while self._open:
            await asyncio.sleep(0.01)

    async def _release(self) -> None:
        self._healed.set()
        self._healed = asyncio.Event()


class _Conversation(SMTP):
    """One client's, which comes to each moment of `AT` in turn."""

    def __init__(self, owner: SmtpServer, **options: Any) -> None:
        self._owner, self._greeted, self.hangs = owner, False, False
        super().__init__(_Answers(), **options)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self.transport is None:  # Else it is the same one again, after STARTTLS.
            self._owner.arrived(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._owner.gone(self)
        super().connection_lost(error)

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()  # type: ignore[attr-defined]

    async def push(self, status: Any) -> None:
        if not self._greeted:
            self._greeted = True
            status = await self.moment("connect") or status
        await super().push(status)

    async def smtp_EHLO(self, hostname: str) -> None:
        if answer := await self.moment("ehlo"):
            await self.push(answer)
        else:
            await super().smtp_EHLO(hostname)

    async def smtp_HELO(self, hostname: str) -> None:
        # What a client falls back to where EHLO is refused.
        if answer := await self.moment("ehlo"):
            await self.push(answer)
        else:
            await super().smtp_HELO(hostname)

    async def smtp_DATA(self, arg: str) -> None:
        if answer := await self.moment("data"):
            await self.push(answer)
        else:
            await super().smtp_DATA(arg)

    async def moment(self, at: str, recipient: str = "") -> str:
        """What to answer instead of going on; empty: go on."""
        envelope = self.envelope
        recipients = [recipient] if recipient else list(envelope.rcpt_tos) if envelope else []
        fault = self._owner.fault(at, recipients)
        if fault is None or fault.answer:
            return fault.answer if fault else ""
        if fault.kept:
            self.keep()
        if fault.drops:
            self.abort()
        # Who is gone is cancelled here.
        self.hangs = not fault.drops
        await self._owner.healed()
        self.hangs = False
        return ""

    def keep(self) -> None:
        assert self.envelope is not None
        self._owner.keep(self.envelope)


class _Answers:
    """aiosmtpd asks these once it has understood a command."""

    async def handle_MAIL(self, server: _Conversation, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if answer := await server.moment("mail"):
            return answer
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_RCPT(self, server: _Conversation, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if answer := await server.moment("rcpt", address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: _Conversation, session: Session, envelope: Envelope) -> str:
        if answer := await server.moment("message"):
            return answer
        server.keep()
        return "250 2.0.0 Kept"
