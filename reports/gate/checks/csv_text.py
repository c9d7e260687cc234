"""A CSV: text with a header, and as many cells in every line."""

from __future__ import annotations

import csv
from pathlib import Path

from reports.gate.checks.look import Looked, Seen, Unfit

csv.field_size_limit(10 * 1024**2)


def look(path: Path, text: str) -> Seen:
    """Raises Unfit."""
    looked, rows = Looked(text), 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, strict=True)
            header = next(lines, [])
            if not any(cell.strip() for cell in header):
                raise Unfit("no_header")
            looked.read([" ".join(header)])
            for cells in lines:
                if not cells:
                    continue
                if len(cells) != len(header):
                    raise Unfit("uneven")
                rows += 1
                looked.read([" ".join(cells)])
    except (UnicodeDecodeError, csv.Error) as error:
        raise Unfit("does_not_open") from error
    return Seen(rows=rows, shows=looked.found)
