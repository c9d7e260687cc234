"""A PDF: it has its end, its table of objects and all its pages."""

from __future__ import annotations

from pathlib import Path

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from reports.gate.checks.look import Looked, Seen, Unfit

TAIL_BYTES = 2048
# Whose text is looked into: a name that is nowhere on these is on none.
MOST_PAGES = 50


def look(path: Path, text: str) -> Seen:
    """Raises Unfit."""
    _refuse_truncated(path)
    try:
        reader = PdfReader(path, strict=True)
        if reader.is_encrypted:
            raise Unfit("locked")
        # Each is asked for: a table of objects that leads nowhere is found out so.
        pages = [page for page in reader.pages if page.mediabox]
        looked = Looked(text)
        looked.read(page.extract_text() for page in pages[:MOST_PAGES])
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, AssertionError, OSError) as error:
        # The library says in many ways that an object is not what it should be.
        raise Unfit("does_not_open") from error
    return Seen(pages=len(pages), shows=looked.found)


def _refuse_truncated(path: Path) -> None:
    """Before the library sees it, which mends what it can."""
    with path.open("rb") as file:
        head = file.read(5)
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        tail = file.read()
    if head != b"%PDF-":
        raise Unfit("does_not_open")
    if b"%%EOF" not in tail or b"startxref" not in tail:
        raise Unfit("cut_off")
