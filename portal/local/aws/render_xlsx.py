"""One workbook, one worksheet per visual, in the order they were asked for."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook

from portal.local.aws.tables import Table

INK = "#1b1f29"
LONGEST_SHEET_NAME = 31  # Excel's own limit


def render_xlsx(tables: Sequence[tuple[str, Table]]) -> bytes:
    """`tables` are (title, table) in worksheet order."""
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, {"in_memory": True}) as book:
        header = book.add_format({"bold": True, "font_color": "#ffffff", "bg_color": INK, "valign": "vcenter"})
        for number, (title, table) in enumerate(tables, start=1):
            _add_sheet(book, _sheet_name(number, title, tables), table, header)
    return output.getvalue()


def _add_sheet(book: Workbook, name: str, table: Table, header: Format) -> None:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    sheet.set_row(0, 20)
    for column, title in enumerate(table.columns):
        cells = [row[column] for row in table.rows]
        sheet.write_string(0, column, title, header)
        sheet.write_column(1, column, cells)
        sheet.set_column(column, column, min(40, max(len(str(cell)) for cell in (title, *cells)) + 3))
    sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)


def _sheet_name(number: int, title: str, tables: Sequence[tuple[str, Table]]) -> str:
    clean = re.sub(r"[\[\]:*?/\\']", " ", title)[: LONGEST_SHEET_NAME - 4]
    repeated = sum(other == title for other, _ in tables) > 1
    return f"{clean} {number}" if repeated else clean
