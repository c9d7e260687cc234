"""Counting the pages of a PDF as it comes in pieces."""

from __future__ import annotations

import io

import pypdf
import pytest

from portal.local.aws.render_pdf import Part, render_pdf
from portal.local.aws.tables import Table
from reports.aws.storage import Pages

CASES = {
    b"<< /Type /Page /Parent 1 0 R >>": 1,
    b"<</Type/Page/Parent 1 0 R>><</Type/Page>>": 2,
    b"<< /Type\r\n/Page\r\n>>": 1,
    b"<< /Type /Pages /Kids [3 0 R] /Count 1 >> << /Type /Page >>": 1,
    b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>": None,
    b"<< /Type /PageLabel >>": None,
    b"%PDF-1.5 /Type /ObjStm": None,
}


def count(text: bytes, size: int) -> int | None:
    pages = Pages()
    for begin in range(0, len(text), size):
        pages.read(text[begin : begin + size])
    return pages.number


@pytest.mark.parametrize(("text", "number"), CASES.items())
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_each_object_of_a_page_is_one_wherever_the_pieces_end(text, number, size):
    assert count(text, size) == number


@pytest.mark.parametrize("size", [1000, 1 << 20])
def test_a_document_of_many_pages_has_as_many_as_a_reader_of_pdf_finds(size):
    table = Table(("Call", "Seconds"), tuple((str(number), str(number)) for number in range(400)))

    document = render_pdf("Calls", "Sheet", "Acme Hotels", [], [Part("All calls", "TableVisual", table)])

    read = len(pypdf.PdfReader(io.BytesIO(document)).pages)
    assert read > 5
    assert count(document, size) == read
