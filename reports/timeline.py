"""The words of a job's timeline. Events are stored as facts, so that each reader gets them in the own language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports.retelling import retold

Text = str | Promise


@dataclass(frozen=True)
class Line:
    at: datetime
    title: Text
    detail: Text
    icon: str
    tone: str  # "", "ok", "warn" or "bad"


# Type of event -> title, detail (filled from the event's data), icon, tone.
LINES: dict[str, tuple[Text, Text, str, str]] = {
    "queued": (_("Queued"), _("By %(actor)s"), "clock", ""),
    "submitted": (_("Sent to QuickSight"), _("Attempt %(attempt)s"), "send", ""),
    "accepted": (_("QuickSight is rendering"), "", "loader-2", ""),
    "unanswered": (_("QuickSight is not answering"), _("The portal keeps asking; nothing is lost."), "alert-triangle", "warn"),
    "no_access": (_("QuickSight refuses the portal access"), _("It goes on by itself once it is let in."), "alert-triangle", "warn"),
    "file_store_silent": (_("The file store is not answering"), _("The portal keeps asking; nothing is lost."), "alert-triangle", "warn"),
    "slots_taken": (_("No free slot at QuickSight"), _("Back in the queue."), "clock", "warn"),
    "held": (_("QuickSight did not take it"), _("The report is paused; the job waits with the others."), "clock", "warn"),
    "attempt_failed": (_("Attempt %(attempt)s failed"), _("Next try in %(wait)s s"), "alert-triangle", "warn"),
    "rendered": (_("Report rendered"), _("%(seconds)s s in QuickSight"), "photo", ""),
    "refused": (_("QuickSight could not render the report"), "", "alert-triangle", "warn"),
    "saved": (_("File saved"), _("%(name)s, checked"), "device-floppy", ""),
    "completed": (_("Ready to download"), "", "check", "ok"),
    "failed": (_("Failed"), "", "alert-circle", "bad"),
    "cancelled": (_("Cancelled"), _("By %(actor)s"), "ban", ""),
    "discarded": (_("Its result will be discarded"), _("By %(actor)s; QuickSight cannot stop it."), "ban", "warn"),
    "dropped": (_("Cancelled"), _("Its result was discarded."), "ban", ""),
    "cleared": (_("Cancelled with all that waited"), _("By %(actor)s: %(because)s"), "ban", ""),
    "file_missing": (
        _("A file is gone"),
        _("%(name)s was asked for and is not in the file store. It is being prepared again."),
        "alert-triangle",
        "warn",
    ),
    "recalled": (_("Withdrawn"), _("By %(actor)s: %(because)s"), "ban", "bad"),
    "review_held": (_("Held for review"), "", "player-pause", "warn"),
    "passed": (_("Checked"), _("Nothing unusual was found."), "check", "ok"),
    "released": (_("Released"), _("By %(actor)s"), "check", "ok"),
    "rejected": (_("Not sent"), _("By %(actor)s"), "ban", "warn"),
    "not_released": (_("Not sent"), _("Nobody released it in time."), "ban", "warn"),
    "imported": (_("Brought over from the older API"), _("As %(job)s. Its files stayed where they were."), "history", ""),
    "hidden": (_("Removed from the list"), _("By %(actor)s"), "trash", ""),
}


def lines(told: list[dict[str, Any]]) -> list[Line]:
    """Of the events of a job, as `SnapshotJobQuerySet.with_timeline` reads them."""
    return [line(datetime.fromisoformat(event["at"]), event["type"], event["data"]) for event in told]


def line(at: datetime, type: str, data: dict[str, Any]) -> Line:
    if actor := data.get("actor"):
        data = data | {"actor": retold(actor)}
    title, detail, icon, tone = LINES.get(type, (type, "", "point", ""))
    return Line(at, _fill(title, data), _fill(detail, data), icon, tone)


def _fill(text: Text, data: dict[str, Any]) -> str:
    return str(text) % data if "%(" in str(text) else str(text)
