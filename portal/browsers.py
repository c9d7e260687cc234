"""What a download was made with, as people know it. Browsers call themselves each other's names: the order decides."""

from __future__ import annotations

from django.utils.translation import gettext as _

# A mark in the User-Agent header, and the family's name.
FAMILIES = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("Outlook", "Outlook"),
    ("curl/", "curl"),
    ("python-requests/", "Python"),
)


def family(user_agent: str) -> str:
    return next((name for mark, name in FAMILIES if mark in user_agent), _("Another program") if user_agent else _("Unknown"))
