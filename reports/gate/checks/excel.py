"""An Excel file: a whole ZIP of a bearable size, with sheets that can be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from reports.gate.checks.look import Looked, Seen, Unfit

# Unpacked: a few bytes can be made to unpack into gigabytes.
MOST_BYTES = 1024**3
MOST_TIMES = 200
MOST_PARTS = 10_000


def look(path: Path, text: str) -> Seen:
    """Raises Unfit."""
    try:
        _refuse_bomb(path)
        # Opened here: the library asks for an ending of the name, which a copy does not have.
        with path.open("rb") as file:
            return _read(file, text)
    except (BadZipFile, InvalidFileException, ParseError, ValueError, KeyError, TypeError, AttributeError, EOFError, OSError) as error:
        raise Unfit("does_not_open") from error


def _read(file: IO[bytes], text: str) -> Seen:
    looked, rows = Looked(text), 0
    for sheet in load_workbook(file, read_only=True, data_only=True).worksheets:
        lines = 0
        for line in _lines(sheet):
            lines += 1
            looked.read([line])
        # The first one names the columns.
        rows += max(0, lines - 1)
    return Seen(rows=rows, shows=looked.found)


def _lines(sheet: Any) -> Iterator[str]:
    """What each line says, without the empty ones."""
    for cells in sheet.iter_rows(values_only=True):
        line = " ".join(str(cell) for cell in cells if cell is not None)
        if line:
            yield line


def _refuse_bomb(path: Path) -> None:
    with ZipFile(path) as parts:
        sizes = [part.file_size for part in parts.infolist()]
    if len(sizes) > MOST_PARTS or sum(sizes) > min(MOST_BYTES, max(path.stat().st_size, 1024**2) * MOST_TIMES):
        raise Unfit("unpacks_too_far")
