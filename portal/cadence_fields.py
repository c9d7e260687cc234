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
DAYS = (("1", _("Monday")), ("2", _("Tuesday")), ("3", _("Wednesday")), ("4", _("Thursday")), ("5", _("Friday")), ("6", _("Saturday")))
DAYS = (*DAYS, ("0", _("Sunday")))
HOURS = [1, 2, 3, 4, 6, 8, 12]
USUAL = "30 7 * * 1-5"
