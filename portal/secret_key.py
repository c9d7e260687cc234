"""The signing key of a laptop: made once, kept beside the embedded database, readable by its owner alone."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path


def secret_key(state_dir: Path) -> str:
    path = state_dir / "secret-key"
    state_dir.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        # Written whole before it gets its name: of two processes that start at once one names its key, and both read that one.
        made = path.with_name(f"{path.name}.{os.getpid()}")
        with open(os.open(made, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(64))
        with suppress(FileExistsError):
            os.link(made, path)
        made.unlink()
    return path.read_text()
