"""CSV as RFC 4180 wants it: UTF-8, a header row, CRLF, quotes only where needed; or in the dialect that is asked for."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from portal.local.aws.tables import Table


@dataclass(frozen=True)
class Dialect:
    separator: str = ","
    bom: bool = False
    header: bool = True


def render_csv(table: Table, dialect: Dialect) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=dialect.separator, lineterminator="\r\n")
    if dialect.header:
        writer.writerow(table.columns)
    writer.writerows(table.rows)
    return text.getvalue().encode("utf-8-sig" if dialect.bom else "utf-8")
