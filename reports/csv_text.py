"""CSV as spreadsheets save it: its encoding, its delimiter, and the line of the file on which each row begins."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

# By which Excel knows UTF-8.
BOM = "\ufeff"
DELIMITERS = (";", ",", "\t")
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# A cell that begins so is a formula to a spreadsheet; to some also with the wide signs of East Asian keyboards.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class NotText(ValueError):
    """It is in no encoding that a spreadsheet saves CSV in."""


class OpenQuotes(ValueError):
    """`line`: of the file, that cannot be read."""

    def __init__(self, line: int) -> None:
        super().__init__(f"Line {line} cannot be read: a quotation mark is opened and not closed, or stands alone.")
        self.line = line


def decoded(data: bytes) -> tuple[str, str]:
    """The text, and the name of its encoding. Raises NotText."""
    if data.startswith(UTF_16):
        try:
            return data.decode("utf-16"), "UTF-16"
        except UnicodeDecodeError:
            raise NotText from None
    # Windows-1252 takes nearly anything, so it comes last, and people are told that it was taken for it.
    try:
        return data.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace"), "Windows-1252"


def delimiter_of(head: str) -> str:
    """What divides the first line most often; a single column has none."""
    return max(DELIMITERS, key=head.count) if any(map(head.count, DELIMITERS)) else ","


def rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each with the number of the line on which it begins; blank ones too, except at the end. Raises OpenQuotes."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        raise OpenQuotes(reader.line_num) from error


def is_blank(cells: list[str]) -> bool:
    return not any(cell.strip() for cell in cells)


def harmless(cell: str) -> str:
    """The same to a reader, and text to a spreadsheet, which takes the apostrophe away."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def as_meant(cell: str) -> str:
    """Without spaces around it, and without what `harmless` put before it."""
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell
