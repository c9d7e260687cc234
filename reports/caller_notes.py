"""What callers write on their own jobs: a reference and metadata. They are kept, found by and shown back, and mean nothing to us."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.utils.translation import gettext as _

from reports.refused import Place, Refused
from tenants.secrets import is_storable

MAX_REFERENCE = 200
MAX_METADATA, MAX_KEY, MAX_VALUE = 20, 40, 500


def check_notes(reference: str, metadata: Mapping[str, str] | None = None) -> None:
    """Raises Refused with a place for each fault."""
    if faults := list(_faults(reference, metadata or {})):
        raise Refused("bad_notes", " ".join(fault.detail for fault in faults), tuple(faults))


def _faults(reference: str, metadata: Mapping[str, str]) -> Iterator[Place]:
    if len(reference) > MAX_REFERENCE:
        yield Place(("reference",), "max_length", _("A reference has at most %(limit)d characters.") % {"limit": MAX_REFERENCE})
    if not is_storable(reference):
        yield Place(("reference",), "invalid", _("The reference has a character that cannot be stored."))
    if len(metadata) > MAX_METADATA:
        yield Place(("metadata",), "max_items", _("At most %(limit)d pairs can be kept.") % {"limit": MAX_METADATA})
    for key, value in metadata.items():
        if not 0 < len(key) <= MAX_KEY or len(value) > MAX_VALUE or not is_storable(key + value):
            limits = {"key": MAX_KEY, "value": MAX_VALUE}
            detail = _("A key has 1 to %(key)d characters and a value at most %(value)d, all of which can be stored.") % limits
            yield Place(("metadata", key), "invalid", detail)
