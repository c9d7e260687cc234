"""The signing key of a laptop: made once, kept beside the embedded database, readable by its owner alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def secret_key(state_dir: Path) -> str:
    path = state_dir / "secret-key"
    state_dir.mkdir(parents=True, exist_ok=True)
    try:
        # O_EXCL: of two processes that start at once one makes the key and the other reads it.
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(64))
    except FileExistsError:
        pass
    return path.read_text()
