"""The pretend world, only for laptops, demos and tests: an embedded PostgreSQL and a pretend AWS. Production imports none of it."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class LocalPostgresError(RuntimeError):
    """The embedded PostgreSQL cannot run here; the message says why and what to do."""


def state_dir() -> Path:
    """Where the pretend world keeps what it makes: PORTAL_STATE_DIR, else `.local` in the project."""
    return Path(os.environ.get("PORTAL_STATE_DIR") or ROOT / ".local").resolve()
