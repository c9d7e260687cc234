"""What the checks found, in the reader's language: in words that say what is so, and what would have been usual."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from reports.words import file_size

Text = str | Promise
CODES: dict[str, tuple[Text, Text]] = {
    # As a badge, and as a sentence about the file.
    "cut_off": (gettext_lazy("Cut off"), gettext_lazy("Its end is missing.")),
    "does_not_open": (gettext_lazy("Does not open"), gettext_lazy("It cannot be opened.")),
    "locked": (gettext_lazy("Locked"), gettext_lazy("It asks for a password.")),
    "unpacks_too_far": (gettext_lazy("Does not open"), gettext_lazy("It is packed in a way that no report is.")),
    "no_header": (gettext_lazy("No header"), gettext_lazy("Its first line names no columns.")),
    "uneven": (gettext_lazy("Uneven"), gettext_lazy("Not all its lines have as many cells as the first.")),
    "changed": (gettext_lazy("Changed"), gettext_lazy("It is not the file that was saved.")),
    "too_big": (gettext_lazy("Not checked"), gettext_lazy("It is too big to be looked into.")),
    "check_failed": (gettext_lazy("Not checked"), gettext_lazy("The checks did not come to an end.")),
    "unread": (gettext_lazy("Not checked"), gettext_lazy("It could not be read from the file store.")),
    "no_pages": (gettext_lazy("Empty"), gettext_lazy("It has no pages.")),
    "no_rows": (gettext_lazy("Empty"), gettext_lazy("It has no rows.")),
}
UNKNOWN = (gettext_lazy("Unusual"), gettext_lazy("Something about it is unusual."))
TWICE = 2


def label(finding: dict[str, Any]) -> Text:
    """Two words, for a badge."""
    if finding["code"] == "not_shown":
        return _("Text missing")
    if finding["code"] in ("smaller", "larger"):
        return _size_label(finding)
    return CODES.get(finding["code"], UNKNOWN)[0]


def sentence(finding: dict[str, Any]) -> Text:
    """About one file, without its name."""
    if finding["code"] == "not_shown":
        return _("“%(text)s” does not stand in it.") % {"text": finding["text"]}
    if finding["code"] in ("smaller", "larger"):
        return _beside(finding)
    return CODES.get(finding["code"], UNKNOWN)[1]


def amount(what: str, number: int) -> str:
    """Such as 84 KB, 6 pages, 12 rows."""
    return AMOUNTS[what](number)


def between(what: str, low: int, high: int) -> str:
    """Such as 0.8 to 1.0 MB; one of them where they read the same."""
    if amount(what, low) == amount(what, high):
        return amount(what, low)
    return _("%(low)s to %(high)s") % {"low": amount(what, low), "high": amount(what, high)}


def _size_label(finding: dict[str, Any]) -> Text:
    if finding["code"] == "smaller":
        return _("Much smaller") if finding["is"] * TWICE < finding["low"] else _("Smaller")
    return _("Much larger") if finding["is"] > finding["high"] * TWICE else _("Larger")


def _beside(finding: dict[str, Any]) -> str:
    what, low, high = finding["what"], finding["low"], finding["high"]
    names = {"is": amount(what, finding["is"]), "low": amount(what, low), "high": amount(what, high), "n": finding["number"]}
    if names["low"] == names["high"]:
        return ngettext("%(is)s; its last one had %(low)s.", "%(is)s; its last %(n)d had %(low)s.", finding["number"]) % names
    return _("%(is)s; its last %(n)d were between %(low)s and %(high)s.") % names


def _pages(number: int) -> str:
    return ngettext("%(n)d page", "%(n)d pages", number) % {"n": number}


def _rows(number: int) -> str:
    return ngettext("%(n)d row", "%(n)d rows", number) % {"n": number}


AMOUNTS: dict[str, Callable[[int], str]] = {"size": file_size, "pages": _pages, "rows": _rows}
