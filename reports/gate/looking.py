"""A file, from S3 to what it is like: read into a temporary file, and looked into by a process of its own. In no transaction."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from django.conf import settings

from reports.aws import storage
from reports.aws.clients import AccountFacts
from reports.gate.checks.look import Seen, Unfit
from reports.models import SnapshotFile

# Bigger ones are not looked into; somebody has to.
MOST_BYTES = 200 * 1024**2
# By the clock on the wall; the process has a limit of its own for what it reckons.
LONGEST_SECONDS = 45
# It shares nothing with us: a file that took it over would find no key and no address.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}


def look(file: SnapshotFile, account: AccountFacts, text: str) -> Seen:
    """Raises Unfit for a file that is not as it should be, and AwsError when S3 does not give it."""
    if file.size_bytes > MOST_BYTES:
        raise Unfit("too_big")
    with tempfile.TemporaryDirectory(prefix="fanfold-gate-") as folder:
        copy = Path(folder) / "copy"
        if storage.fetch(account, file.bucket, file.key, copy) != bytes(file.sha256):
            raise Unfit("changed")
        return _look_into(copy, file.format, text)


def _look_into(path: Path, format: str, text: str) -> Seen:
    command = [sys.executable, "-m", "reports.gate.checks", format, str(path)]
    limits = {"timeout": LONGEST_SECONDS, "cwd": settings.BASE_DIR, "env": ENVIRONMENT}
    try:
        ended = subprocess.run(command, input=text.encode(), capture_output=True, check=True, **limits)  # type: ignore[call-overload]
    except subprocess.TimeoutExpired as slow:
        raise Unfit("check_failed") from slow
    except subprocess.CalledProcessError as died:
        raise Unfit("check_failed") from died
    told = json.loads(ended.stdout)
    if "unfit" in told:
        raise Unfit(told["unfit"])
    return Seen(**told)
