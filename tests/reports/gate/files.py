"""Files as QuickSight makes them, and as it should not."""

from __future__ import annotations

import io
import zipfile

from openpyxl import Workbook
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas


def pdf(*pages: str) -> bytes:
    """A page for each text, its lines by line breaks."""
    stored = io.BytesIO()
    canvas = Canvas(stored, pagesize=A4)
    for text in pages:
        for number, line in enumerate(text.splitlines() or [""]):
            canvas.drawString(72, 760 - 16 * number, line)
        canvas.showPage()
    canvas.save()
    return stored.getvalue()


def cut_off(whole: bytes) -> bytes:
    """The half of it, as of an upload that broke off."""
    return whole[: len(whole) // 2]


def patched(whole: bytes) -> bytes:
    """Its middle is gone, though it ends as a whole one does: what the look at the end of the file does not see."""
    return whole[: len(whole) // 3] + whole[-300:]


def excel(*lines: list[object]) -> bytes:
    book, stored = Workbook(), io.BytesIO()
    for line in lines:
        book.active.append(line)
    book.save(stored)
    return stored.getvalue()


def bomb() -> bytes:
    """An Excel file of some kilobytes that unpacks into half a gigabyte."""
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as parts, parts.open("xl/worksheets/sheet1.xml", "w") as part:
        for _ in range(512):
            part.write(bytes(1024**2))
    return stored.getvalue()


def csv(*lines: str) -> bytes:
    return "\r\n".join((*lines, "")).encode()
