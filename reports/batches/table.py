"""A batch as a CSV file: one line for each job, read from whatever a spreadsheet saves.

It only reads: what a cell means, and where it stands. What is right is checking.py's to say, in the same words as for the API.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reports import csv_text
from reports.batches.items import Item
from reports.csv_text import NotText, OpenQuotes, as_meant
from reports.models import Grant, ReportParameter
from reports.refused import Place, Refused
from tenants.models import Tenant
from tenants.secrets import is_storable

MAX_BYTES = 5 * 1024 * 1024
REPORT, FORMATS, VISUALS, RECIPIENTS, REFERENCE, LANE = COLUMNS = ("report", "formats", "visuals", "recipients", "reference", "lane")
NEEDED = (REPORT, FORMATS)
PARAMETER, METADATA = "parameter:", "metadata:"
BETWEEN_VALUES = "|"
RELATIVE = "relative:"
BETWEEN_WORDS = re.compile(r"[\s;,]+")
WHOLE, DECIMAL = re.compile(r"-?[0-9]{1,16}"), re.compile(r"-?[0-9]{1,16}(\.[0-9]+)?")
Type = ReportParameter.Type


@dataclass(frozen=True)
class Row:
    """`number`: the line of the file on which it begins. Empty cells are left out."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Fault:
    """What is wrong where; `column` empty: with the line as a whole."""

    line: int
    column: str
    detail: str

    def __str__(self) -> str:
        where = f"Line {self.line}, {self.column}" if self.column else f"Line {self.line}"
        return f"{where}: {self.detail}"


def read(data: bytes) -> list[Row]:
    """Raises Refused("bad_table") with a sentence, for what cannot be a batch at all. Blank lines are passed over."""
    if len(data) > MAX_BYTES:
        raise _bad(f"The file is larger than {MAX_BYTES // 1024 // 1024} MiB. Divide it.")
    try:
        text = csv_text.decoded(data)[0].removeprefix(csv_text.BOM)
    except NotText:
        text = "\0"
    if not is_storable(text):
        raise _bad("This is no text. Save the table as CSV in your spreadsheet.")
    rows = csv_text.rows(text, csv_text.delimiter_of(next(iter(text.splitlines()), "")))
    try:
        heads = _heads(next(rows, (1, []))[1])
        found = [_row(begins, heads, cells) for begins, cells in rows if not csv_text.is_blank(cells)]
    except OpenQuotes as error:
        raise _bad(str(error)) from error
    if not found:
        raise _bad("The file has no lines below its first one.")
    return found


def items_of(tenant: Tenant, rows: Iterable[Row]) -> list[Item]:
    """One for each row. Values are of the parameter's type where they can be; others stay text, which is then refused by name.

    In the tenant's scope; two statements.
    """
    rows = list(rows)
    grants = Grant.objects.for_tenant(tenant).with_report().filter(report__slug__in={row.cells.get(REPORT, "") for row in rows})
    known = {grant.report.slug: {parameter.name: parameter for parameter in grant.report.parameters.all()} for grant in grants}
    return [_item(row.cells, known.get(row.cells.get(REPORT, ""), {})) for row in rows]


def faults(rows: list[Row], places: Iterable[Place]) -> list[Fault]:
    """Of places such as ("items", "17", "emails", "0")."""
    return [_fault(rows, place) for place in places]


def _fault(rows: list[Row], place: Place) -> Fault:
    row = rows[int(place.path[1])]
    head, *inside = place.path[2:] or ("",)
    if head == "emails":
        return Fault(row.number, RECIPIENTS, f"{_words(row.cells[RECIPIENTS])[int(inside[0])]}: {place.detail}")
    prefix = {"parameters": PARAMETER, "metadata": METADATA}.get(head)
    return Fault(row.number, f"{prefix}{inside[0]}" if prefix and inside else head, place.detail)


def _heads(cells: list[str]) -> list[str]:
    """In our spelling. A column that nobody knows is refused: a slip in a name would make reports without what stands below it."""
    heads = [_head(cell.strip()) for cell in cells]
    for head, cell in zip(heads, cells, strict=True):
        if not head and cell.strip():
            known = ", ".join((*COLUMNS, f"{PARAMETER}<name>", f"{METADATA}<key>"))
            raise _bad(f"Line 1: there is no column “{cell.strip()[:80]}”. There are: {known}.")
    for head, count in Counter(filter(None, heads)).items():
        if count > 1:
            raise _bad(f"Line 1: two columns are headed “{head}”. Keep one.")
    for needed in NEEDED:
        if needed not in heads:
            raise _bad(f"Line 1: no column is headed “{needed}”.")
    return heads


def _head(cell: str) -> str:
    """Empty: nobody knows it. Names of parameters are kept to the letter, as reports have them."""
    for prefix in (PARAMETER, METADATA):
        if cell.casefold().startswith(prefix) and (name := cell[len(prefix) :].strip()):
            return prefix + name
    return cell.casefold() if cell.casefold() in COLUMNS else ""


def _row(begins: int, heads: list[str], cells: list[str]) -> Row:
    for position, cell in enumerate(cells):
        if cell.strip() and (position >= len(heads) or not heads[position]):
            raise _bad(f"Line {begins}: “{cell.strip()[:80]}” stands in no column. Is a cell before it without its quotation marks?")
    values = {head: as_meant(cell) for head, cell in zip(heads, cells, strict=False)}
    return Row(begins, {head: value for head, value in values.items() if value})


def _item(cells: Mapping[str, str], parameters: Mapping[str, ReportParameter]) -> Item:
    given = {head.removeprefix(PARAMETER): cell for head, cell in cells.items() if head.startswith(PARAMETER)}
    return Item(
        cells.get(REPORT, ""),
        [word.upper() for word in _words(cells.get(FORMATS, ""))],
        {name: _value(parameters.get(name), cell) for name, cell in given.items()},
        _words(cells.get(VISUALS, "")),
        emails=_words(cells.get(RECIPIENTS, "")),
        reference=cells.get(REFERENCE, ""),
        metadata={head.removeprefix(METADATA): cell for head, cell in cells.items() if head.startswith(METADATA)},
        lane=cells.get(LANE, "scheduled").casefold(),
    )


def _words(cell: str) -> list[str]:
    return [word for word in BETWEEN_WORDS.split(cell) if word]


def _value(parameter: ReportParameter | None, cell: str) -> Any:
    """As reports/parameters.py takes it."""
    if parameter is None:
        return cell
    if cell.casefold().startswith(RELATIVE):
        return _relative(cell[len(RELATIVE) :].split())
    if parameter.multiple:
        return [_typed(parameter, single.strip()) for single in cell.split(BETWEEN_VALUES)]
    return _typed(parameter, cell)


def _relative(words: list[str]) -> dict[str, Any]:
    """`last_n_days 7 end` and `previous_month start YYYY-MM`: the period, and in any order its number, its part and a format."""
    wish: dict[str, Any] = {"relative": words[0] if words else ""}
    for word in words[1:]:
        if word.isascii() and word.isdecimal() and len(word) < 4:
            wish["n"] = int(word)
        else:
            wish["part" if word.islower() else "format"] = word
    return wish


def _typed(parameter: ReportParameter, text: str) -> Any:
    if parameter.type == Type.INTEGER and WHOLE.fullmatch(text):
        return int(text)
    if parameter.type == Type.DECIMAL and DECIMAL.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text


def _bad(detail: str) -> Refused:
    return Refused("bad_table", detail)
