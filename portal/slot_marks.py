"""An account's slots as a row of marks: height and colour say which are in use, and the same in words."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

STEP = 18
# Of the kinds of a mark: the colour's class, and the height in a picture that is 20 high.
IN_USE, SPARE, RESTING, FREE = ("accent", 20), ("accent-2", 20), ("warn", 14), ("idle", 8)


@dataclass(frozen=True)
class Mark:
    tone: str
    x: int
    y: int
    height: int


@dataclass(frozen=True)
class Marks:
    marks: list[Mark]
    width: int
    words: str


def marks(slots: int, in_use: int, resting: int) -> Marks:
    """More in use than there are slots: offered above the limit, or the limit was lowered meanwhile."""
    kinds = [IN_USE] * min(in_use, slots) + [SPARE] * (in_use - slots) + [RESTING] * resting
    kinds += [FREE] * (slots - len(kinds))
    drawn = [Mark(tone, STEP * place, 20 - height, height) for place, (tone, height) in enumerate(kinds)]
    told = [_("%(used)d of %(slots)d slots in use") % {"used": in_use, "slots": slots}]
    if resting:
        told.append(ngettext("%(n)d rests", "%(n)d rest", resting) % {"n": resting})
    return Marks(drawn, max(1, STEP * len(drawn)), ", ".join(told))
