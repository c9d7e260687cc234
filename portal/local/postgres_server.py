"""The postmaster of one embedded cluster: how it is made, started, asked, found and stopped. Whose turn it is, the caller knows.

Whether it runs is asked of its socket: a pid file may be stale, and its number somebody else's.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import quote

from psycopg.pq import PGconn, Ping

from portal.local import LocalPostgresError
from portal.local.postgres_files import SUPERUSER, Files

if TYPE_CHECKING:
    import psutil

PG_MAJOR = "18"
PORT = "5432"  # names the socket, and nothing else
START_SECONDS = 60
STOP_SECONDS = 20
LOOK_AGAIN_SECONDS = 0.02

SETTINGS = {
    "listen_addresses": "",
    "port": PORT,
    "unix_socket_permissions": "0700",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "io_method": "sync",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # A statement that fails would stand in the log with its values: password hashes, session keys, addresses.
    "log_min_error_statement": "panic",
}
# Loses data when the machine crashes: for clusters that only tests use.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
INITDB = [
    "--username", SUPERUSER, "--auth-local=peer", "--auth-host=reject", "--encoding=UTF8", "--locale=C",
    "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions", "--no-sync",
]  # fmt: skip

# Kept for the life of the process: a postmaster may outlive the one who started it, and Python complains about a forgotten child.
_children: list[subprocess.Popen[bytes]] = []


@atexit.register
def _leave_to_the_other_users() -> None:
    """The postmasters that run on: at the very end Python drops the list too, and would complain all the same."""
    for child in _children:
        if child.poll() is None:
            child.returncode = 0


class Server:
    def __init__(self, files: Files, fast: bool) -> None:
        self._files = files
        self._settings = SETTINGS | (FAST if fast else {})
        self._started: subprocess.Popen[bytes] | None = None

    def dsn(self, user: str, database: str) -> str:
        return f"postgresql://{quote(user)}@/{quote(database, safe='')}?host={quote(str(self._files.socket), safe='')}&port={PORT}"

    def ensure_running(self, turn: IO[bytes]) -> None:
        """Start it unless it runs, starts, or is still on its way out; then wait for that instead."""
        self._started = None
        give_up = time.monotonic() + START_SECONDS
        while (answer := self._ask()) is not Ping.OK:
            if self._started and self._started.poll() is not None:
                self._explain_failed_start(give_up)
            if answer is Ping.NO_RESPONSE and self._started is None and self._postmaster() is None:
                self._start(turn)
            if time.monotonic() > give_up:
                raise LocalPostgresError(
                    f"PostgreSQL in {self._files.data} does not answer; see {self._files.log}. "
                    f"Its process: {self._postmaster() or self._started}."
                )
            time.sleep(LOOK_AGAIN_SECONDS)

    def _ask(self) -> Ping:
        return Ping(PGconn.ping(f"{self.dsn(SUPERUSER, 'postgres')}&connect_timeout=2".encode()))

    def _start(self, turn: IO[bytes]) -> None:
        files = self._files
        programs = files.programs()
        if not files.data.exists():
            self._make_data(programs, turn)
        made_by = (files.data / "PG_VERSION").read_text().strip()
        if made_by != PG_MAJOR:
            raise LocalPostgresError(
                f"{files.data} was made by PostgreSQL {made_by}, this is {PG_MAJOR}. Remove {files.home} to start afresh."
            )
        files.write_access_rules()
        files.make_socket_directory()
        # Left behind by a postmaster that was killed. Its number may by now be somebody else's, and the server would refuse to start.
        # Server processes that outlived their postmaster are still found: by the shared memory they are attached to.
        for lock in (files.data / "postmaster.pid", files.socket / f".s.PGSQL.{PORT}.lock"):
            lock.unlink(missing_ok=True)
        places = {"hba_file": files.access, "ident_file": files.logins, "unix_socket_directories": f'"{files.socket}"'}
        arguments = [f"--{name}={value}" for name, value in (self._settings | places).items()]
        with open(files.log, "ab") as log:
            self._started = self._spawn([programs / "postgres", "-D", files.data, *arguments], stdout=log, stderr=log)
        _children.append(self._started)

    def _make_data(self, programs: Path, turn: IO[bytes]) -> None:
        made = self._files.fresh_data()
        # Holding the turn: if this process is killed now, the next one waits until initdb has ended.
        process = self._spawn(
            [programs / "initdb", "-D", made, *INITDB], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pass_fds=[turn.fileno()]
        )
        output = process.communicate()[0].decode(errors="replace")
        if process.returncode:
            raise LocalPostgresError(f"PostgreSQL could not make its data in {made}:\n{output}")
        made.rename(self._files.data)

    def _spawn(self, command: list[Any], **options: Any) -> subprocess.Popen[bytes]:
        """In its own session, so that Ctrl-C in the terminal reaches only us."""
        account = self._files.account
        if account.drops_root:
            options |= {"user": account.runs_as.pw_uid, "group": account.runs_as.pw_gid, "extra_groups": []}
        return subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            start_new_session=True,
            **options,
        )

    def _explain_failed_start(self, give_up: float) -> None:
        """Server processes of a killed postmaster end within moments: then try again. Anything else will not mend itself."""
        end_of_log = self._files.log.read_text(errors="replace")[-2000:]
        if "pre-existing shared memory block" not in end_of_log or time.monotonic() > give_up:
            raise LocalPostgresError(f"PostgreSQL did not start; see {self._files.log}\n{end_of_log}")
        self._started = None

    def _postmaster(self) -> psutil.Process | None:
        """The running postmaster of this very data directory; a pid file alone may name a stranger."""
        # A dependency of the package with the programs, and so as optional as that.
        import psutil

        try:
            process = psutil.Process(int((self._files.data / "postmaster.pid").read_text().split()[0]))
            command = process.cmdline()
        except (OSError, ValueError, IndexError, psutil.Error):
            return None
        return process if command[1:3] == ["-D", str(self._files.data)] and process.status() != psutil.STATUS_ZOMBIE else None

    def stop(self) -> None:
        """Fast shutdown: ends sessions, writes everything down."""
        process = self._postmaster()
        if process is None:
            return
        process.send_signal(signal.SIGINT)
        give_up = time.monotonic() + STOP_SECONDS
        while self._postmaster() and time.monotonic() < give_up:
            time.sleep(LOOK_AGAIN_SECONDS)
        if self._started:
            self._started.wait(STOP_SECONDS)
        with suppress(OSError):
            self._files.socket.rmdir()
