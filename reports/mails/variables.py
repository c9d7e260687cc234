"""The words in curly brackets that a schedule's subject and message may hold: a closed list. Nothing is looked up or worked out."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

# Name -> what it becomes, for the editor's help.
VARIABLES = {
    "report": gettext_lazy("the report's name"),
    "schedule": gettext_lazy("the schedule's name"),
    "tenant": gettext_lazy("your company's name"),
    "recipient": gettext_lazy("the recipient's name, or else the address"),
    "date": gettext_lazy("the day on which it was planned, in the schedule's time zone"),
    "time": gettext_lazy("the time at which it was planned"),
    "period": gettext_lazy("the days that the report was asked for; without any, the planned day"),
}
IN_BRACKETS = re.compile(r"\{([^{}]*)\}")


def check_text(text: str) -> str:
    """Why a subject or message cannot be taken, as a sentence; empty: it can."""
    for name in IN_BRACKETS.findall(text):
        if name not in VARIABLES:
            known = ", ".join(f"{{{known}}}" for known in VARIABLES)
            return _("{%(name)s} is not known here. You can use %(known)s.") % {"name": name[:40], "known": known}
    return ""


def fill(text: str, values: Mapping[str, str]) -> str:
    """In one pass: what a value holds is text, even if it looks like a variable. An unknown one was refused when it was saved; it stays."""
    return IN_BRACKETS.sub(lambda match: values.get(match[1], match[0]), text)
