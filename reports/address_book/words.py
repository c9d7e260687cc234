"""Names of people and groups, and languages: what may stand there."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from reports.refused import Place

NAME_LENGTH = 120
# Between the groups of one line of a list, so no group's name may have it.
BETWEEN_GROUPS = "|"


def name_fault(name: str) -> str:
    if len(name) > NAME_LENGTH:
        return _("A name has at most %(limit)d characters.") % {"limit": NAME_LENGTH}
    # A mail's header may hold it: a line break there would be another header.
    return "" if name.isprintable() else _("The name has an invisible character.")


def group_name_fault(name: str) -> str:
    if not name:
        return _("A group needs a name.")
    if BETWEEN_GROUPS in name:
        return _("A group's name cannot have “|”: lists divide groups by it.")
    if "@" in name:
        return _("A group's name cannot have “@”: schedules would take it for an address.")
    if "," in name or ";" in name:
        return _("A group's name cannot have “,” or “;”: schedules divide groups by them.")
    return name_fault(name)


def language_fault(language: str) -> str:
    known = dict(settings.LANGUAGES)
    if not language or language in known:
        return ""
    return _("Emails come in these languages: %(languages)s.") % {"languages": ", ".join(known.values())}


def places(**faults: str) -> tuple[Place, ...]:
    """One for each fault that has words."""
    return tuple(Place((name,), "invalid", fault) for name, fault in faults.items() if fault)
