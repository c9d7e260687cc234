"""From what a look found to alarms, and to whoever is told. Each cause once while it lasts, and once when it is over."""

from __future__ import annotations

import threading

from reports.alarms import telling
from reports.alerts import alert, settle
from reports.engine.clock import DatabaseClock
from reports.models import Alarm
from reports.overdue.looking import CODES, Look
from reports.restoring import mode
from tenants.scope import engine_scope

# Also that of restored mode, which the worker would tell if there were one.
TOLD = CODES | {mode.ALARM}


def compare(look: Look) -> None:
    """Alarms that last become what was found. Outside any scope."""
    with engine_scope():
        lasting = set(Alarm.objects.filter(code__in=TOLD, ended_at=None).values_list("code", "subject"))
    found = {(cause.code, cause.subject): cause for cause in look.causes}
    for key in found.keys() - lasting:
        alert(found[key].code, found[key].sentence, found[key].subject)
    for code, subject in lasting - found.keys():
        if code in look.asked:
            settle(code, subject)


def tell() -> list[threading.Thread]:
    """Those who tell; they may outlive a look. Where nobody can be told from here, the alarms wait for the worker."""
    receivers = telling.receivers()
    if not receivers:
        return []
    clock = DatabaseClock()
    with engine_scope():
        clock.synchronise()
    return telling.begin(receivers, clock, TOLD)
