"""What the domain refuses, told with the names that the API's bodies have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from reports.api.v1.codes import NO_CODE, code_of
from reports.refused import Place, Refused

Path = tuple[str, ...]
OF_THE_REPORT = (
    "report_not_available",
    "format_not_offered",
    "visual_not_offered",
    "parameter_unknown",
    "parameter_value",
    "parameter_required",
    "parameter_pinned",
)


@contextmanager
def renamed(names: Mapping[str, Path]) -> Iterator[None]:
    """`names`: what a place's first part is called in the body. The first fault with a code of its own is the whole's."""
    try:
        yield
    except Refused as refused:
        places = tuple(_renamed(place, names) for place in refused.places)
        own = (code for place in places if (code := code_of(place.code)) != NO_CODE)
        raise Refused(next(own, refused.code), refused.detail, places) from refused


def _renamed(place: Place, names: Mapping[str, Path]) -> Place:
    first, rest = place.path[:1], place.path[1:]
    return replace(place, path=(*names.get("".join(first), first), *rest))
