"""Reading a platform file: TOML to entries whose every key was checked, and every fault with the path of its key."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from portal.platform_file.checks import flag
from portal.platform_file.faults import Bad, Faults, PlatformFileError
from portal.platform_file.shape import TOP, Kind


@dataclass
class Entry:
    """One [[table]]. `values` has the keys that are present and good, `bad` those that are present and not."""

    place: str
    label: str
    faults: Faults
    absent: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)
    children: dict[str, list[Entry]] = field(default_factory=dict)
    has_fault: bool = False

    @property
    def is_faulty(self) -> bool:
        return self.has_fault or any(child.is_faulty for children in self.children.values() for child in children)

    def fault(self, key: str, sentence: str) -> None:
        self.has_fault = True
        self.faults.add(f"{self.place}: {key}" if key else self.place, sentence)

    def needs(self, *keys: str) -> bool:
        """Whether all keys are here. A missing one is a fault; one that is present and bad was told already."""
        for key in keys:
            if key not in self.values and key not in self.bad:
                self.fault(key, _("is missing, and there is no default for it."))
        return all(key in self.values for key in keys)


def read(path: Path, faults: Faults) -> dict[str, list[Entry]]:
    """The entries of each kind of table. Raises PlatformFileError when the file is no TOML at all."""
    document = parse(path)
    for name in document.keys() - TOP.keys():
        faults.add(name, _unknown(name, list(TOP)))
    return {name: _entries(kind, name, document, "", faults) for name, kind in TOP.items()}


def parse(path: Path) -> dict[str, Any]:
    """Raises PlatformFileError with one sentence that names the line."""
    try:
        return tomllib.loads(_text(path))
    except RecursionError as error:
        raise PlatformFileError([_("%(path)s is nested too deep.") % {"path": path}]) from error
    except tomllib.TOMLDecodeError as error:
        raise PlatformFileError([_("%(path)s is not TOML: %(fault)s.") % {"path": path, "fault": error}]) from error


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PlatformFileError([_("%(path)s cannot be read: %(why)s.") % {"path": path, "why": error.strerror}]) from error
    try:
        return content.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PlatformFileError([_("%(path)s is not UTF-8 text: see line %(line)d.") % {"path": path, "line": line}]) from error


def _entries(kind: Kind, name: str, parent: dict[str, Any], place: str, faults: Faults) -> list[Entry]:
    raw = parent.get(name, [])
    if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
        faults.add(f"{place}: {name}" if place else name, _("must be written as [[…]], once for each."))
        return []
    entries = [_entry(kind, name, number, item, place, faults) for number, item in enumerate(raw, 1)]
    seen: set[str] = set()
    for entry in entries:
        if entry.label and entry.label in seen:
            entry.fault("", _("stands in the file twice."))
        seen.add(entry.label)
    return [entry for entry in entries if entry.label]


def _entry(kind: Kind, name: str, number: int, raw: dict[str, Any], place: str, faults: Faults) -> Entry:
    told = next((raw[key] for key in kind.label if isinstance(raw.get(key), str)), "")
    # Inside another table the label is enough, as in: tenant[1] "acme": schedule "weekday-morning"
    here = f"{name}[{number}]" if not place or not told else name
    entry = Entry((f"{place}: " if place else "") + here + (f' "{told}"' if told else ""), "", faults)
    for key, value in raw.items():
        if key not in kind.children:
            _take(entry, kind, key, value)
    entry.absent = entry.values.pop("absent", False)
    entry.label = next((entry.values[key] for key in kind.label if key in entry.values), "")
    if not entry.label and not entry.bad & set(kind.label):
        entry.needs(kind.label[0])
    entry.children = {child: _entries(kind.children[child], child, raw, entry.place, faults) for child in kind.children}
    return entry


def _take(entry: Entry, kind: Kind, key: str, value: Any) -> None:
    check = flag if key == "absent" else kind.keys.get(key)
    if check is None:
        entry.fault(key, _unknown(key, [*kind.keys, *kind.children, "absent"]))
        return
    try:
        entry.values[key] = check(value)
    except Bad as error:
        entry.bad.add(key)
        entry.fault(key + error.at, str(error))


def _unknown(key: str, known: list[str]) -> str:
    close = get_close_matches(key, known, 1)
    if close:
        return _("is not a key here. Did you mean %(close)s?") % {"close": close[0]}
    return _("is not a key here. Known: %(known)s.") % {"known": ", ".join(known)}
