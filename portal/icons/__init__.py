"""Tabler outline icons (MIT, see static/portal/licences), only those the pages use, one file each."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from xml.etree import ElementTree

FOLDER = Path(__file__).parent
PATH = "{http://www.w3.org/2000/svg}path"
# Each file opens with an invisible square that only sets the size.
SIZE_SQUARE = "M0 0h24v24H0z"


@cache
def icon_paths(name: str) -> tuple[str, ...]:
    """The `d` of each stroke. Raises LookupError when there is no such icon."""
    if name not in names():
        raise LookupError(f"No icon {name!r} in portal/icons; there are {', '.join(sorted(names()))}.")
    drawing = ElementTree.fromstring((FOLDER / f"{name}.svg").read_text())  # nosec B314 # a file of ours
    return tuple(path.attrib["d"] for path in drawing.iter(PATH) if path.attrib["d"] != SIZE_SQUARE)


@cache
def names() -> frozenset[str]:
    return frozenset(file.stem for file in FOLDER.glob("*.svg"))
