"""`python -m reports.gate.checks FORMAT PATH`, the text to look for on standard input: one line of JSON on standard output.

{"pages", "rows", "shows"}, or {"unfit": code}. Whatever else happens is for the caller to see by its end: nothing here is caught.
"""

from __future__ import annotations

import json
import resource
import sys
from contextlib import suppress
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from reports.gate.checks.look import Unfit

MOST_MEMORY = 1024**3
MOST_SECONDS = 30
KINDS = {"PDF": "pdf", "EXCEL": "excel", "CSV": "csv_text"}


def main(format: str, path: str) -> None:
    # Before a byte of the file is read. It writes no files, and opens few.
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    # macOS refuses to limit it.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    kind = import_module(f"reports.gate.checks.{KINDS[format]}")
    try:
        told = asdict(kind.look(Path(path), sys.stdin.read()))
    except Unfit as unfit:
        told = {"unfit": unfit.code}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
