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
# A phone's names the system that it is built on, too.
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def family(user_agent: str) -> str:
    return next((name for mark, name in FAMILIES if mark in user_agent), _("Another program") if user_agent else _("Unknown"))


def with_system(user_agent: str) -> str:
    """To know one's own again."""
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    told = {"browser": family(user_agent), "system": system}
    return _("%(browser)s on %(system)s") % told if system else told["browser"]
