"""A list of people as CSV text: read from whatever a spreadsheet saves, and written so that a spreadsheet runs nothing of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest

from django.utils.translation import gettext as _

from reports import csv_text
from reports.address_book.words import BETWEEN_GROUPS
from reports.csv_text import BOM, NotText, OpenQuotes, as_meant, harmless
from reports.refused import Place, Refused
from tenants.secrets import is_storable

MAX_LINES = 5_000
MAX_BYTES = 900_000
MAX_CELL = 1_000
MAX_DIGITS = 7
# What we head a column with, and what else we take for it.
HEADS = {"number": "line", "email": "email", "name": "name", "groups": "group", "language": "language"}
COLUMNS = {
    "email": {"email", "e-mail", "mail", "address", "email address", "e-mail address", "adresse", "e-mail-adresse", "mailadresse"},
    "name": {"name", "full name", "person", "vollständiger name", "empfänger"},
    "groups": {"group", "groups", "gruppe", "gruppen"},
    "language": {"language", "lang", "sprache"},
    # Which line of the first file it was, once lines have been corrected or left out.
    "number": {"line", "zeile"},
}


@dataclass(frozen=True)
class Line:
    """One person. `number`: the line of the file on which they begin. An empty value says nothing: what is known stays."""

    number: int
    email: str
    name: str = ""
    groups: tuple[str, ...] = ()
    language: str = ""


@dataclass(frozen=True)
class PeopleList:
    """`columns`: those that were understood, in the file's order; `ignored`: heads of the others."""

    lines: list[Line]
    delimiter: str = ","
    encoding: str = "UTF-8"
    columns: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def read(data: bytes | str) -> PeopleList:
    """Raises Refused("bad_list") with a sentence, for what cannot be a list at all; faults of single lines are upload.py's."""
    text, encoding = _decoded(data) if isinstance(data, bytes) else (data, "UTF-8")
    if len(text.encode()) > MAX_BYTES:
        raise _bad(_("The list is larger than %(size)d KB. Divide it.") % {"size": MAX_BYTES // 1000})
    if not is_storable(text):
        raise _bad(_("This is no text. Save the list as CSV in your spreadsheet, and upload that file."))
    text = text.removeprefix(BOM)
    delimiter = csv_text.delimiter_of(next(iter(text.splitlines()), ""))
    rows = csv_text.rows(text, delimiter)
    try:
        heads = [head.strip() for head in next(rows, (1, []))[1]]
        columns = _columns(heads)
        lines = list(_lines(rows, columns))
    except OpenQuotes as error:
        names = {"line": error.line}
        raise _bad(_("Line %(line)d cannot be read: a quotation mark is opened and not closed, or stands alone.") % names) from error
    if not lines:
        raise _bad(_("The list has no people below its first line."))
    known = [name for name in columns if name]
    return PeopleList(lines, delimiter, encoding, known, [head for head, name in zip(heads, columns, strict=True) if head and not name])


def write(lines: Iterable[Line], *, numbered: bool = False, remarks: Iterable[str] = ()) -> str:
    """As `read` takes it. `numbered`: with the number of each line in the first file. `remarks`: of each line, in a last column."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    told = list(remarks)
    heads = [head for name, head in HEADS.items() if numbered or name != "number"]
    writer.writerow([*heads, *(["remark"] if told else [])])
    for line, remark in zip_longest(lines, told):
        cells = [line.email, line.name, groups_text(line.groups), line.language, *([remark] if told else [])]
        writer.writerow([*([line.number] if numbered else []), *map(harmless, cells)])
    return written.getvalue()


def groups_text(groups: Iterable[str]) -> str:
    return f" {BETWEEN_GROUPS} ".join(groups)


def groups_in(text: str) -> tuple[str, ...]:
    names = (" ".join(name.split()) for name in text.split(BETWEEN_GROUPS))
    return tuple(dict.fromkeys(name for name in names if name))


def _decoded(data: bytes) -> tuple[str, str]:
    if len(data) > 2 * MAX_BYTES:
        raise _bad(_("The list is larger than %(size)d KB. Divide it.") % {"size": MAX_BYTES // 1000})
    try:
        return csv_text.decoded(data)
    except NotText:
        raise _bad(_("This is no text. Save the list as CSV in your spreadsheet, and upload that file.")) from None


def _columns(heads: list[str]) -> list[str]:
    """Our name of each column, empty for one that is not ours."""
    ours = [next((name for name, words in COLUMNS.items() if head.casefold() in words), "") for head in heads]
    if "email" not in ours:
        raise _bad(_("No column is headed “email”. The first line has to name the columns: email, name, group, language."))
    for name in set(ours) - {""}:
        if ours.count(name) > 1:
            raise _bad(_("Two columns are headed “%(name)s”. Keep one.") % {"name": heads[ours.index(name)]})
    return ours


def _lines(rows: Iterator[tuple[int, list[str]]], columns: list[str]) -> Iterator[Line]:
    """Blank lines count as lines of the file, and are no people."""
    people = ((begins, cells) for begins, cells in rows if not csv_text.is_blank(cells))
    for count, (begins, cells) in enumerate(people, 1):
        if count > MAX_LINES:
            raise _bad(_("The list has more than %(limit)d people. Divide it.") % {"limit": MAX_LINES})
        yield _line(begins, dict(zip(columns, (as_meant(cell)[:MAX_CELL] for cell in cells), strict=False)))


def _line(begins: int, values: dict[str, str]) -> Line:
    number = values.get("number", "")
    return Line(
        int(number) if number.isascii() and number.isdecimal() and len(number) < MAX_DIGITS else begins,
        values.get("email", ""),
        values.get("name", ""),
        groups_in(values.get("groups", "")),
        values.get("language", ""),
    )


def _bad(detail: str) -> Refused:
    return Refused("bad_list", detail, (Place(("list",), "invalid", detail),))
