"""The mail server's side of the mailbox: takes every mail, but for addresses that are there to be refused."""

from __future__ import annotations

import asyncio
import socket

from aiosmtpd.smtp import SMTP, Envelope, Session

from portal.local.mailbox.store import MailStore

# By the part before the @: how other mail servers refuse, for whoever wants to see what becomes of it.
REFUSED = {
    "no-such-user": "550 5.1.1 There is no such user here",
    "mailbox-full": "452 4.2.2 The mailbox is full",
    "spam-filter": "554 5.7.1 The content of this message was refused",
}


class Handler:
    """What aiosmtpd asks."""

    def __init__(self, store: MailStore) -> None:
        self._store = store

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if refusal := REFUSED.get(address.partition("@")[0].lower()):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.original_content, bytes)
        self._store.keep(envelope.mail_from or "", envelope.rcpt_tos, envelope.original_content)
        return "250 2.0.0 It is in the mailbox"


async def listen(listener: socket.socket, store: MailStore) -> asyncio.Server:
    def conversation() -> SMTP:
        return SMTP(Handler(store), enable_SMTPUTF8=True, hostname="mailbox.localhost")

    return await asyncio.get_running_loop().create_server(conversation, sock=listener)
