"""CSV as RFC 4180 wants it: UTF-8, a header row, CRLF, quotes only where needed."""

from __future__ import annotations

import csv
import io

from portal.local.aws.tables import Table


def render_csv(table: Table) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows(table.rows)
    return text.getvalue().encode()
