"""The channel SFTP: files appear whole, under a name that nobody has, on the server whose key was pinned and on no other.

A file is written under a hidden name of its delivery's own and renamed when it is whole, so that whoever collects files there never meets
half of one. Plain renames (draft-ietf-secsh-filexfer-02, 6.5) do not write over what is there; a taken name gets a number.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import asyncssh
from asyncssh import SFTPClient
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.delivery.channel import NotSent, Refused, Sent, Shipment, ShippedFile, Step, Stops, TryLater
from reports.delivery.failures import cause_of
from reports.destinations.config import OUR_KEY, SftpConfig
from reports.outbound.addresses import Resolve, checked
from reports.outbound.connecting import connect
from reports.outbound.errors import NotCalled
from tenants.secrets import storable

CONNECT_SECONDS = 15.0
# Of one step, such as a part of a file: a server that says nothing for so long is not waited for.
IDLE_SECONDS = 30.0
# Of everything; the carrier's lease is longer.
TOTAL_SECONDS = 480.0
PART_BYTES = 1024 * 1024
# A pattern that gives so many files one name is no pattern.
MOST_NUMBERS = 99
MOST_ANSWER = 500
TEST_NAME, TEST_TEXT = ".fanfold-test", b"test of %s\n"
# What servers say, as failures.py has it.
CODES: dict[type[Exception], str] = {
    asyncssh.SFTPNoSuchFile: "folder_missing",
    asyncssh.SFTPNoSuchPath: "folder_missing",
    asyncssh.SFTPNotADirectory: "folder_missing",
    asyncssh.SFTPPermissionDenied: "not_permitted",
    asyncssh.SFTPWriteProtect: "not_permitted",
    asyncssh.SFTPNoSpaceOnFilesystem: "destination_full",
    asyncssh.SFTPQuotaExceeded: "destination_full",
}
OF_CALLS = {"unreachable": "server_unreachable", "no_answer": "server_silent", "dropped": "server_dropped"}


class NameTaken(Exception):
    """Somebody was quicker."""


@dataclass(frozen=True)
class Sftp:
    config: SftpConfig
    secret: str
    resolve: Resolve | None = None

    def send(self, sending: Shipment) -> Sent:
        """In a thread without an event loop of its own."""
        return asyncio.run(self._send(sending))

    def test(self) -> list[Step]:
        return asyncio.run(Test(self).run())

    async def _send(self, shipment: Shipment) -> Sent:
        if not self.config.host_key:
            raise Stops("host_key_missing")
        async with _judged(), asyncio.timeout(TOTAL_SECONDS), self.session() as sftp:
            await _make_folders(sftp, shipment.folder)
            missing = [file for file in shipment.files if not await _is_there(sftp, shipment, file)]
            parts = [(file, await _upload(sftp, shipment, file)) for file in missing]
            for file, part in parts:
                await _name(sftp, shipment, file, part)
        return Sent(f"{len(missing)} of {len(shipment.files)} files written to {shipment.folder}.")

    @asynccontextmanager
    async def session(self) -> AsyncIterator[SFTPClient]:
        async with self.connected() as connection:
            async with asyncio.timeout(IDLE_SECONDS):
                sftp = await connection.start_sftp_client()
            try:
                yield sftp
            finally:
                sftp.exit()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[asyncssh.SSHClientConnection]:
        sock = await asyncio.to_thread(self._socket)
        try:
            async with asyncio.timeout(CONNECT_SECONDS * 2):
                connection = await asyncssh.connect(sock=sock, **self._options())
        except BaseException as error:
            sock.close()
            if isinstance(error, asyncssh.Error | ConnectionError) and not isinstance(error, asyncssh.PermissionDenied):
                raise await self._why_not(error) from None
            raise
        try:
            yield connection
        finally:
            connection.abort()
            with suppress(asyncssh.Error, OSError):
                await connection.wait_closed()

    def _options(self) -> dict[str, Any]:
        """Nothing of this machine: no files of its user, no agent, no configuration."""
        pinned = asyncssh.import_public_key(self.config.host_key)
        by_key = self.config.sign_in == OUR_KEY
        return {
            "username": self.config.username,
            "known_hosts": ([pinned], [], []),
            "client_keys": [asyncssh.import_private_key(self.secret)] if by_key else None,
            "password": None if by_key else self.secret,
            # Packed, a small packet of theirs would fill our memory.
            "compression_algs": None,
            "config": None,
            "agent_path": None,
            "gss_host": None,
            "x509_trusted_certs": None,
            "login_timeout": CONNECT_SECONDS,
            "keepalive_interval": 0,
        }

    def _socket(self) -> socket.socket:
        """To the very address that was checked. Raises NotCalled."""
        host, port = self.config.host, self.config.port
        return connect(host, port, checked(host, port, resolve=self.resolve), CONNECT_SECONDS)

    async def _why_not(self, error: Exception) -> NotSent:
        """A server with a key of another kind, and none of the pinned one's, breaks off before anything was compared."""
        shown = await self.shown_key()
        if shown and shown.public_data != asyncssh.import_public_key(self.config.host_key).public_data:
            return Stops("host_key_changed", f"{shown.get_algorithm()} {shown.get_fingerprint()}")
        if isinstance(error, asyncssh.KeyExchangeFailed):
            return TryLater("no_common_method", error.reason)
        return verdict(error)

    async def shown_key(self) -> asyncssh.SSHKey | None:
        """None: it shows none."""
        with suppress(OSError, asyncssh.Error, NotCalled, TimeoutError):
            sock = await asyncio.to_thread(self._socket)
            async with asyncio.timeout(CONNECT_SECONDS):
                return await asyncssh.get_server_host_key(sock=sock, config=None)
        return None


@asynccontextmanager
async def _judged() -> AsyncIterator[None]:
    """Every way in which a conversation can end is one of NotSent."""
    try:
        yield
    except NotSent:
        raise
    except Exception as error:
        raise verdict(error) from None


def verdict(error: Exception) -> NotSent:
    """Raises what is no doing of the other side."""
    if isinstance(error, NotCalled):
        return TryLater(OF_CALLS.get(error.code, error.code), str(error))
    if isinstance(error, asyncssh.PermissionDenied):
        return TryLater("sign_in_refused", error.reason)
    if isinstance(error, asyncssh.SFTPConnectionLost | asyncssh.SFTPNoConnection):
        return TryLater("server_dropped", error.reason)
    if isinstance(error, asyncssh.SFTPError):
        return TryLater(CODES.get(type(error), "refused_by_server"), error.reason)
    if isinstance(error, TimeoutError):
        return TryLater("server_silent")
    if isinstance(error, asyncssh.Error):
        return TryLater("server_dropped", error.reason)
    if isinstance(error, ConnectionRefusedError | socket.gaierror):
        return TryLater("server_unreachable", error.strerror or "")
    if isinstance(error, OSError):
        return TryLater("server_dropped" if isinstance(error, ConnectionError) else "server_unreachable", error.strerror or "")
    raise error


async def _within(step: Awaitable[Any]) -> Any:
    async with asyncio.timeout(IDLE_SECONDS):
        return await step


async def _make_folders(sftp: SFTPClient, folder: str) -> None:
    """Those of a pattern, such as a month's, are not there on its first day."""
    if not await _within(sftp.isdir(folder)):
        with suppress(asyncssh.SFTPFileAlreadyExists):
            await _within(sftp.makedirs(folder, exist_ok=True))


async def _is_there(sftp: SFTPClient, shipment: Shipment, file: ShippedFile) -> bool:
    """Under a name that an earlier try was about to give it, or under its first one: with this very content it is this file."""
    for path in {shipment.placing.get(file.id), _path(shipment, file, 1)} - {None}:
        if path and await _has_content(sftp, path, file):
            await asyncio.to_thread(shipment.has_placed, file.id, path)
            return True
    return False


async def _has_content(sftp: SFTPClient, path: str, file: ShippedFile) -> bool:
    try:
        found = await _within(sftp.stat(path))
        if found.size != file.size_bytes:
            return False
        return await _digest(sftp, path) == file.sha256
    except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath, asyncssh.SFTPPermissionDenied, asyncssh.SFTPFailure):
        # A server that lets us write and not read tells nothing; then a file that has our name may be anybody's.
        return False


async def _digest(sftp: SFTPClient, path: str) -> bytes:
    digest = hashlib.sha256()
    async with sftp.open(path, "rb") as remote:
        while part := await _within(remote.read(PART_BYTES)):
            digest.update(part)
    return digest.digest()


async def _upload(sftp: SFTPClient, shipment: Shipment, file: ShippedFile) -> str:
    """The hidden name it has for now. What an earlier try left there is written over."""
    part = str(PurePosixPath(shipment.folder) / f".{shipment.id}-{file.id}.part")
    remote = await _within(sftp.open(part, "wb"))
    try:
        with file.content.open("rb") as local:
            while data := local.read(PART_BYTES):
                await _within(remote.write(data))
    finally:
        with suppress(asyncssh.Error, OSError, TimeoutError):
            await _within(remote.close())
    size = (await _within(sftp.stat(part))).size
    if size != file.size_bytes:
        raise TryLater("cut_short", f"{size} of {file.size_bytes} bytes")
    return part


async def _name(sftp: SFTPClient, shipment: Shipment, file: ShippedFile, part: str) -> None:
    for number in range(1, MOST_NUMBERS + 1):
        path = _path(shipment, file, number)
        if await _within(sftp.exists(path)):
            continue
        await asyncio.to_thread(shipment.is_about_to_place, file.id, path)
        try:
            await _rename(sftp, part, path)
        except NameTaken:
            continue
        await asyncio.to_thread(shipment.has_placed, file.id, path)
        return
    with suppress(asyncssh.Error, TimeoutError):
        await _within(sftp.remove(part))
    raise Refused("name_taken", _path(shipment, file, 1))


async def _rename(sftp: SFTPClient, part: str, path: str) -> None:
    """Raises NameTaken, also where the server has no word for it; TryLater when it is not known whether it was done."""
    try:
        await _within(sftp.rename(part, path))
    except (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.DisconnectError, TimeoutError, ConnectionError) as error:
        raise TryLater("server_silent" if isinstance(error, TimeoutError) else "server_dropped", unknown=True) from None
    except asyncssh.SFTPFileAlreadyExists:
        raise NameTaken from None
    except asyncssh.SFTPFailure:
        if await _within(sftp.exists(path)):
            raise NameTaken from None
        raise


def _path(shipment: Shipment, file: ShippedFile, number: int) -> str:
    """`calls.pdf`, `calls-2.pdf`, …"""
    stem, dot, ending = file.name.rpartition(".")
    numbered = file.name if number == 1 else f"{stem or ending}-{number}{dot}{ending if stem else ''}"
    return str(PurePosixPath(shipment.folder) / numbered)


class Test:
    """What a person wants to know of a server, one step after the other; nothing stays there."""

    def __init__(self, sftp: Sftp) -> None:
        self.sftp, self.steps = sftp, list[Step]()

    async def run(self) -> list[Step]:
        try:
            async with asyncio.timeout(CONNECT_SECONDS * 4), _judged():
                await self._all()
        except (NotSent, TimeoutError) as error:
            said = error if isinstance(error, NotSent) else TryLater("server_silent")
            if said.code == "sign_in_refused":
                self._ok(str(HOST_KEY_IS_PINNED))
            # A server may say anything, and at any length; it is stored and shown.
            words = f"{cause_of(said.code).message} {storable(said.answer)[:MOST_ANSWER]}".strip()
            self.steps.append(Step(self._next(), Step.FAILED, words))
        return self.steps + [Step(name, Step.SKIPPED, _("Not reached.")) for name in STEPS[len(self.steps) :]]

    async def _all(self) -> None:
        config = self.sftp.config
        await asyncio.to_thread(checked, config.host, config.port, resolve=self.sftp.resolve)
        self._ok(_("The name was found, and its address may be called."))
        (await asyncio.to_thread(self.sftp._socket)).close()
        self._ok(_("Connected to port %(port)d.") % {"port": config.port})
        if not config.host_key:
            raise Stops("host_key_missing")
        async with self.sftp.session() as sftp:
            self._ok(str(HOST_KEY_IS_PINNED))
            self._ok(_("Signed in as %(user)s.") % {"user": config.username})
            await self._write(sftp)

    async def _write(self, sftp: SFTPClient) -> None:
        # Of a folder with words in braces only what is before them is there for sure.
        folder = PurePosixPath(config_folder(self.sftp.config.folder))
        first, second = str(folder / TEST_NAME), str(folder / f"{TEST_NAME}-2")
        with suppress(asyncssh.SFTPError):
            await _within(sftp.remove(second))
        async with sftp.open(first, "wb") as remote:
            await _within(remote.write(TEST_TEXT % self.sftp.config.username.encode()))
        await _within(sftp.rename(first, second))
        await _within(sftp.remove(second))
        self._ok(_("Wrote a file to %(folder)s, renamed it, and deleted it.") % {"folder": str(folder)})

    def _ok(self, text: str) -> None:
        self.steps.append(Step(self._next(), Step.OK, text))

    def _next(self) -> str:
        return STEPS[len(self.steps)]


HOST_KEY_IS_PINNED = gettext_lazy("The host key is the pinned one.")
STEPS = ("name", "connection", "host_key", "sign_in", "write")


def config_folder(pattern: str) -> str:
    """`/in/{year}/x` -> `/in`."""
    fixed = PurePosixPath(pattern).parts
    until = next((number for number, part in enumerate(fixed) if "{" in part), len(fixed))
    return str(PurePosixPath(*fixed[:until])) if until else "."
