"""A real SFTP server on loopback that keeps what it is given below a folder, and misbehaves as a test asks.

server.cut_after(1000)        # the connection is gone after so many bytes of files, until `heal`
server.hangs_at("rename")     # says nothing any more at this operation, until `heal`
server.drops_after("rename")  # does it, and the connection is gone before it says so; once
server.refuses("rename", asyncssh.SFTPFailure("no"))
server.locked = True          # lets nobody in
server.change_host_key()      # from the next connection on
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import asyncssh

USER, PASSWORD = "reports", "only-for-tests-secret"


class SftpPeer:
    """Use as a context manager. `asked` counts operations; `shown` are all names that were ever there without a dot in front of them,
    with their sizes when they came: who looks at the folder sees these."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.locked = folder, 0, False
        self.user_key: asyncssh.SSHKey | None = None
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.asked, self.shown, self.sign_ins = Counter[str](), list[tuple[str, int]](), 0
        self._loop, self._thread = asyncio.new_event_loop(), threading.Thread(target=self._run, daemon=True)
        self.heal()

    def __enter__(self) -> SftpPeer:
        self._thread.start()
        self.listen()
        return self

    def __exit__(self, *error: object) -> None:
        self.heal()
        self.refuse()
        self._do(self._end_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def pinned(self) -> str:
        """As `Destination.config` has it."""
        return " ".join(self.host_key.export_public_key().decode().split()[:2])

    @property
    def config(self) -> dict[str, Any]:
        place = {"host": "127.0.0.1", "port": self.port, "username": USER, "host_key": self.pinned, "folder": "/in"}
        return place | {"sign_in": "password", "public_key": "", "file_name": "{report}_{date}_{time}.{ext}"}

    def files(self, folder: str = "in") -> dict[str, bytes]:
        """Those that are not hidden."""
        below = self.folder / folder
        found = sorted(below.iterdir()) if below.is_dir() else []
        return {path.name: path.read_bytes() for path in found if not path.name.startswith(".")}

    def hidden(self, folder: str = "in") -> list[str]:
        below = self.folder / folder
        return sorted(path.name for path in below.iterdir() if path.name.startswith(".")) if below.is_dir() else []

    def listen(self) -> None:
        """Again, at the same port."""
        self._do(self._listen())

    def refuse(self) -> None:
        """Nobody listens any more."""
        self._do(self._close())

    def change_host_key(self, kind: str = "ssh-ed25519") -> None:
        self.host_key = asyncssh.generate_private_key(kind)
        self.refuse()
        self.listen()

    def cut_after(self, number_of_bytes: int) -> None:
        self._bytes_left = number_of_bytes

    def hangs_at(self, operation: str) -> None:
        self._hangs = operation

    def drops_after(self, operation: str) -> None:
        self._drops = operation

    def refuses(self, operation: str, error: Exception) -> None:
        self._refusals[operation] = error

    def heal(self) -> None:
        self._bytes_left: int | None = None
        self._hangs = self._drops = ""
        self._refusals = dict[str, Exception]()
        self.locked = False

    async def before(self, operation: str) -> None:
        self.asked[operation] += 1
        while self._hangs == operation:
            await asyncio.sleep(0.05)
        if error := self._refusals.get(operation):
            raise error

    def must_drop(self, operation: str) -> bool:
        if self._drops != operation:
            return False
        self._drops = ""
        return True

    def takes(self, data: bytes) -> bytes | None:
        """None: the connection is cut before all of it."""
        if self._bytes_left is None:
            return data
        self._bytes_left -= len(data)
        return data if self._bytes_left > 0 else None

    async def _listen(self) -> None:
        self._server = await asyncssh.listen(
            "127.0.0.1",
            self.port,
            server_host_keys=[self.host_key],
            server_factory=lambda: Door(self),
            sftp_factory=lambda channel: Folder(channel, self),
            allow_scp=False,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _end_all(self) -> None:
        """What hung goes on now, and what it had open is closed."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(20)


class Door(asyncssh.SSHServer):
    def __init__(self, peer: SftpPeer) -> None:
        self.peer = peer

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self.peer.sign_ins += 1
        return not self.peer.locked and (username, password) == (USER, PASSWORD)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        known = self.peer.user_key
        return not self.peer.locked and known is not None and key.public_data == known.public_data


class Folder(asyncssh.SFTPServer):
    def __init__(self, channel: asyncssh.SSHServerChannel, peer: SftpPeer) -> None:
        super().__init__(channel, chroot=str(peer.folder))
        self.peer = peer

    async def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        await self.peer.before("open")
        is_new = bool(pflags & asyncssh.FXF_CREAT)
        opened = super().open(path, pflags, attrs)
        if is_new:
            self._note(path)
        return opened

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        await self.peer.before("write")
        taken = self.peer.takes(data)
        if taken is None:
            super().write(file_obj, offset, data[: len(data) // 2])
            self._drop()
            return 0
        return super().write(file_obj, offset, taken)

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        await self.peer.before("rename")
        super().rename(oldpath, newpath)
        self._note(newpath)
        if self.peer.must_drop("rename"):
            self._drop()

    async def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        await self.peer.before("mkdir")
        super().mkdir(path, attrs)

    async def remove(self, path: bytes) -> None:
        await self.peer.before("remove")
        super().remove(path)

    def _note(self, path: bytes) -> None:
        real = Path(self.map_path(path).decode())
        if not real.name.startswith("."):
            self.peer.shown.append((real.name, real.stat().st_size))

    def _drop(self) -> None:
        self.channel.get_connection().abort()
