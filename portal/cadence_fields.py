"""How often, at what time: the fields of a cadence, and the cron expression that they mean."""

from __future__ import annotations

import re
from datetime import time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.parameter_fields import INPUT, SELECT
from reports.scheduling import expression

HOURLY, DAILY, WEEKDAYS, WEEKLY, MONTHLY, CRON = "hourly", "daily", "weekdays", "weekly", "monthly", "cron"
HOWS = (
    (HOURLY, _("Hourly")),
    (DAILY, _("Daily")),
    (WEEKDAYS, _("Weekdays")),
    (WEEKLY, _("Weekly")),
    (MONTHLY, _("Monthly")),
    (CRON, _("Cron")),
)
DAYS = (
    ("1", _("Monday")),
    ("2", _("Tuesday")),
    ("3", _("Wednesday")),
    ("4", _("Thursday")),
    ("5", _("Friday")),
    ("6", _("Saturday")),
    ("0", _("Sunday")),
)
EVERY = ("1", "2", "3", "4", "6", "8", "12")
USUAL = "30 7 * * 1-5"


def fields(cron: str) -> dict[str, forms.Field]:
    """By name; filled with what an existing cron expression means, or with a usual one."""
    shown = _initial(cron or USUAL)
    minute = forms.IntegerField(label=_("At minute"), required=False, min_value=0, max_value=59, widget=forms.NumberInput(INPUT))
    made: dict[str, forms.Field] = {
        "how": forms.ChoiceField(label=_("How often"), choices=HOWS, widget=forms.RadioSelect),
        "at": forms.TimeField(label=_("At"), required=False, widget=forms.TimeInput(INPUT | {"type": "time"}, format="%H:%M")),
        "every": forms.ChoiceField(label=_("Every … hours"), choices=[(n, n) for n in EVERY], required=False, widget=forms.Select(SELECT)),
        "minute": minute,
        "weekdays": forms.MultipleChoiceField(label=_("On"), choices=DAYS, required=False, widget=forms.CheckboxSelectMultiple),
        "month_day": forms.ChoiceField(label=_("On"), choices=_month_days(), required=False, widget=forms.Select(SELECT)),
        "cron": forms.CharField(
            label=_("Cron expression"),
            required=False,
            max_length=120,
            help_text=_("Minute, hour, day of month, month, day of week; or @daily and its like."),
            widget=forms.TextInput(INPUT | {"class": "input input--mono", "autocapitalize": "off", "spellcheck": "false"}),
        ),
    }
    for name, field in made.items():
        field.initial = shown.get(name)
    return made


def read(cleaned: dict[str, Any]) -> str:
    """Empty: something is missing."""
    how, at = cleaned.get("how"), cleaned.get("at")
    if how == CRON:
        return str(cleaned.get("cron", "")).strip()
    if how == HOURLY:
        every = cleaned.get("every") or "1"
        return f"{cleaned.get('minute') or 0} {'*' if every == '1' else f'*/{every}'} * * *"
    if at is None:
        return ""
    day = cleaned.get("month_day") or "1"
    by_day = {
        DAILY: "* * *",
        WEEKDAYS: "* * 1-5",
        WEEKLY: f"* * {','.join(sorted(cleaned.get('weekdays') or []))}" if cleaned.get("weekdays") else "",
        MONTHLY: f"* * {day}" if "#" in day else f"{day} * *",
    }
    days = by_day.get(how or "", "")
    return f"{at.minute} {at.hour} {days}" if days else ""


def field_at_fault(cleaned: dict[str, Any]) -> str:
    """Where a fault of the cron expression is shown."""
    how = cleaned.get("how")
    if how == WEEKLY and not cleaned.get("weekdays"):
        return "weekdays"
    return {CRON: "cron", HOURLY: "minute"}.get(how or "", "at")


def _initial(cron: str) -> dict[str, Any]:
    """The simplest way to say it that means the same; cron itself for what has none."""
    shown: dict[str, Any] = {"how": CRON, "cron": cron, "at": time(7, 30), "every": "1", "minute": 0, "month_day": "1", "weekdays": ["1"]}
    minute, hour, day, month, weekday = (*expression(cron).split(), "", "", "", "", "")[:5]
    if not minute.isdigit() or month != "*":
        return shown
    every = re.fullmatch(r"\*(?:/(\d+))?", hour)
    if every and (every[1] or "1") in EVERY and day == weekday == "*":
        return shown | {"how": HOURLY, "minute": int(minute), "every": every[1] or "1"}
    if not hour.isdigit() or int(hour) > 23 or int(minute) > 59:
        return shown
    shown["at"] = time(int(hour), int(minute))
    if day == weekday == "*":
        return shown | {"how": DAILY}
    if day == "*" and weekday == "1-5":
        return shown | {"how": WEEKDAYS}
    if day == "*" and re.fullmatch(r"[0-6](,[0-6])*", weekday):
        return shown | {"how": WEEKLY, "weekdays": weekday.split(",")}
    chosen = weekday if day == "*" else day if weekday == "*" else ""
    return shown | {"how": MONTHLY, "month_day": chosen} if chosen in dict(_month_days()) else shown


def _month_days() -> list[tuple[str, Any]]:
    numbered = [(str(n), _("Day %(n)d") % {"n": n}) for n in range(1, 32)]
    return [*numbered, ("L", _("Last day")), ("1#1", _("First Monday")), ("5L", _("Last Friday"))]
