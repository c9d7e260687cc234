"""What somebody decides about the held files of a run: which ways there are depends on what was found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.held_rows import Held
from reports.gate import deciding

USUAL, ALL, AGAIN, NONE = "usual", "all", "again", "none"
DECIDE: dict[str, Callable[..., int]] = {
    USUAL: deciding.release_usual,
    ALL: deciding.release_all,
    AGAIN: deciding.run_unusual_again,
    NONE: deciding.reject_all,
}


@dataclass(frozen=True)
class Way:
    """A tile: what is sent, and what that means for those who wait."""

    value: str
    icon: str
    title: str
    more: str


class DecideForm(forms.Form):
    decision = forms.ChoiceField(
        choices=[(word, word) for word in DECIDE], error_messages={"required": gettext_lazy("Choose what is sent.")}
    )
    note = forms.CharField(max_length=deciding.MOST_NOTE, required=False, label=gettext_lazy("Note"))

    def __init__(self, held: Held, keeps_days: int, data: Any = None) -> None:
        super().__init__(data)
        self.ways = _ways(held, keeps_days)

    @property
    def chosen(self) -> str:
        """The safest way where nothing was chosen yet: nothing goes out that looks unusual."""
        return str(self["decision"].value() or self.ways[0].value)


def _ways(held: Held, keeps_days: int) -> list[Way]:
    usual = [job for job in held.jobs if not job.is_unusual]
    unusual = [job for job in held.jobs if job.is_unusual]
    ways = []
    if usual and unusual:
        ways.append(_usual(usual, unusual))
    everybody = ngettext("%(n)d person", "%(n)d people", held.people) % {"n": held.people}
    everything = ngettext("Send the file", "Send all %(n)d files", len(held.rows)) % {"n": len(held.rows)}
    also = ngettext("%(people)s, also the unusual file", "%(people)s, also the unusual files", len(held.unusual)) % {"people": everybody}
    ways.append(Way(ALL, "mail-forward", everything, also if unusual else everybody))
    if unusual:
        name = _name(unusual)
        ways.append(Way(AGAIN, "refresh", _("Run %(name)s again") % {"name": name}, _("Then look once more")))
    kept = ngettext("Files are kept for %(n)d day, then removed", "Files are kept for %(n)d days, then removed", keeps_days)
    return [*ways, Way(NONE, "ban", _("Send nothing"), kept % {"n": keeps_days})]


def _usual(usual: list[Any], unusual: list[Any]) -> Way:
    files, now = sum(len(job.rows) for job in usual), sum(job.people for job in usual)
    title = ngettext("Send %(n)d, keep %(name)s", "Send %(n)d, keep %(name)s", files) % {"n": files, "name": _name(unusual)}
    more = ngettext("%(n)d person gets the files now, %(later)d wait", "%(n)d people get their files now, %(later)d wait", now)
    return Way(USUAL, "send", title, more % {"n": now, "later": sum(job.people for job in unusual)})


def _name(jobs: list[Any]) -> str:
    if len(jobs) == 1:
        return jobs[0].rows[0].rows_of or _("the unusual one")
    return _("the %(n)d unusual ones") % {"n": len(jobs)}
