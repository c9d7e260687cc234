"""Tables for a spreadsheet, as pages hand them out."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpResponse

from reports.csv_text import BOM, harmless


def as_csv(name: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """For a spreadsheet: with the mark by which Excel knows UTF-8, and no text that it would run."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    answer = HttpResponse(BOM, content_type="text/csv; charset=utf-8", headers=headers)
    table = csv.writer(answer)
    table.writerow(heads)
    table.writerows([harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return answer
