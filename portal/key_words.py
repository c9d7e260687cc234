"""What scopes of API keys are called on pages, in the order in which they are offered."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext_lazy as _

WORDS = {
    "jobs:read": _("Read jobs and download files"),
    "jobs:write": _("Run, cancel and repeat reports"),
    "reports:read": _("Read the list of reports"),
    "schedules:read": _("Read schedules"),
    "schedules:write": _("Change schedules"),
    "audiences:read": _("Read recipients and groups"),
    "audiences:write": _("Change recipients and groups"),
    "links:read": _("Read download links"),
    "links:write": _("Make and revoke download links"),
    "destinations:read": _("Read destinations"),
    "destinations:write": _("Change and test destinations"),
    "webhooks:read": _("Read webhooks and events"),
    "webhooks:write": _("Change webhooks"),
    "usage:read": _("Read usage"),
    "proof:read": _("Read proofs: which rows a file shows, and why"),
}


def in_words(scopes: Collection[str]) -> list[str]:
    """Without what writing includes anyway: `jobs:write` alone stands for both."""
    told = [scope for scope in WORDS if scope in scopes]
    return [str(WORDS[scope]) for scope in told if not (scope.endswith(":read") and scope.replace(":read", ":write") in told)]
