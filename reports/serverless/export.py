"""An export of a DynamoDB table: what `aws dynamodb scan` prints, or the lines of an export to S3, compressed or not.

The types are DynamoDB's own (Developer Guide, "DynamoDB JSON"): {"S": text}, {"N": number as text}, {"BOOL": …}, {"NULL": true},
{"L": […]}, {"M": {…}}, {"SS": […]}, {"NS": […]}.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reports.refused import Refused

GZIP = b"\x1f\x8b"
# Of one file, uncompressed.
MAX_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True)
class Record:
    """`number`: the line of an export to S3, or which item of a scan, from 1 on."""

    number: int
    values: dict[str, Any]


def read(data: bytes) -> Iterator[Record]:
    """Raises Refused("bad_export") for what is neither. Nothing has been made of what came before."""
    text = _text(data)
    try:
        whole = json.loads(text)
    except ValueError:
        yield from _lines(text)
        return
    if isinstance(whole, dict) and isinstance(whole.get("Items"), list):
        for number, item in enumerate(whole["Items"], 1):
            yield Record(number, _item(item, f"Item {number}"))
    else:
        yield Record(1, _item(_of_line(whole, 1), "Line 1"))


def _text(data: bytes) -> str:
    try:
        if data.startswith(GZIP):
            data = _unpacked(data)
        return data.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise _bad("it is neither JSON in UTF-8 nor such JSON compressed by gzip") from error


def _unpacked(data: bytes) -> bytes:
    with gzip.open(io.BytesIO(data)) as packed:
        text = packed.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise _bad(f"it has more than {MAX_BYTES // 1024 // 1024} MiB")
    return text


def _lines(text: str) -> Iterator[Record]:
    # Not splitlines: a text in JSON may hold U+2028 and its like as they are.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            whole = json.loads(line)
        except ValueError as error:
            raise _bad(f"line {number} is no JSON") from error
        yield Record(number, _item(_of_line(whole, number), f"Line {number}"))


def _of_line(whole: Any, number: int) -> Any:
    if not isinstance(whole, dict) or "Item" not in whole:
        raise _bad(f"line {number} has no Item, and the whole has no Items")
    return whole["Item"]


def _item(item: Any, where: str) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise _bad(f"{where} is no item")
    try:
        return {name: _plain(value) for name, value in item.items()}
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise _bad(f"{where} is no DynamoDB JSON") from error


def _plain(value: Any) -> Any:
    """Raises ValueError and its like for what has none of DynamoDB's types."""
    ((kind, inner),) = value.items()
    match kind:
        case "S" | "SS" | "BOOL":
            return inner
        case "N":
            return json.loads(inner)
        case "NS":
            return [json.loads(number) for number in inner]
        case "NULL":
            return None
        case "L":
            return [_plain(single) for single in inner]
        case "M":
            return {name: _plain(single) for name, single in inner.items()}
    # Bytes: the table has none.
    raise ValueError(kind)


def _bad(why: str) -> Refused:
    return Refused("bad_export", f"This is no export of a DynamoDB table: {why}.")
