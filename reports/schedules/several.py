"""Pausing, resuming and removing several schedules at once, and taking it back. However many they are, the statements are as few.

In the tenant's scope. A row is put back only where it is as the act left it: paused or removed at that very moment, or of that version.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports.models import AudienceDestination, Destination, Schedule
from reports.schedules import switching
from reports.selected import Outcome
from tenants.audit import Actor, record_each
from tenants.models import Tenant

CHANGED = _("changed since")
Why = str | Promise


@transaction.atomic
def pause(tenant: Tenant, ids: Collection[uuid.UUID], actor: Actor, now: datetime) -> Outcome:
    def why_not(schedule: Schedule) -> Why:
        return "" if schedule.enabled else _("paused already")

    outcome, found = _sorted(tenant, ids, why_not)
    switching.pause(tenant, found, actor, now)
    return _done(outcome, found, at=now.isoformat())


@transaction.atomic
def resume(tenant: Tenant, ids: Collection[uuid.UUID], actor: Actor, now: datetime) -> Outcome:
    """From the next planned instant on. What the portal itself paused has to be put right first."""

    def why_not(schedule: Schedule) -> Why:
        if schedule.enabled:
            return _("on already")
        return "" if switching.may_resume(schedule, now) else _("stopped by the portal; edit it to let it run again")

    outcome, found = _sorted(tenant, ids, why_not)
    switching.resume(tenant, found, actor, now)
    versions = dict(_of(tenant, found).values_list("pk", "version"))
    outcome.done = len(found)
    outcome.rows = [{"id": str(pk), "version": version} for pk, version in versions.items()]
    return outcome


@transaction.atomic
def retire(tenant: Tenant, ids: Collection[uuid.UUID], actor: Actor, now: datetime) -> Outcome:
    """They run no more; their history stays."""

    def why_not(schedule: Schedule) -> Why:
        return _("set up by the platform, which removes it") if schedule.template_id else ""

    outcome, found = _sorted(tenant, ids, why_not)
    switching.retire(tenant, found, actor, now)
    outcome.done, outcome.rows = len(found), rows_of_removed(tenant, found, now)
    return outcome


def rows_of_removed(tenant: Tenant, schedules: Sequence[Schedule], now: datetime) -> list[dict[str, Any]]:
    """What Undo keeps. Destinations of a removed schedule can be deleted, which leaves no trace of them."""
    sent_to = AudienceDestination.objects.filter(tenant=tenant, audience__schedule__in=schedules)
    names: defaultdict[uuid.UUID, dict[str, str]] = defaultdict(dict)
    for schedule_id, pk, name in sent_to.values_list("audience__schedule_id", "destination_id", "destination__name"):
        names[schedule_id][str(pk)] = name
    return [{"id": str(schedule.pk), "at": now.isoformat(), "destinations": names[schedule.pk]} for schedule in schedules]


def undo_pause(tenant: Tenant, rows: list[dict[str, Any]], actor: Actor, now: datetime) -> Outcome:
    """They run from the next planned instant on; one that came due meanwhile was skipped."""

    def why_not(schedule: Schedule, row: dict[str, Any]) -> Why:
        if schedule.retired_at or schedule.enabled or schedule.paused_at != datetime.fromisoformat(row["at"]):
            return CHANGED
        return "" if switching.may_resume(schedule, now) else CHANGED

    outcome, found = _as_left(tenant, rows, why_not)
    switching.resume(tenant, found, actor, now, "schedule.pause_undone")
    return _done(outcome, found)


def undo_resume(tenant: Tenant, rows: list[dict[str, Any]], actor: Actor, now: datetime) -> Outcome:
    def why_not(schedule: Schedule, row: dict[str, Any]) -> Why:
        return CHANGED if schedule.retired_at or not schedule.enabled or schedule.version != row["version"] else ""

    outcome, found = _as_left(tenant, rows, why_not)
    switching.pause(tenant, found, actor, now, "schedule.resume_undone")
    return _done(outcome, found)


def undo_retire(tenant: Tenant, rows: list[dict[str, Any]], actor: Actor, now: datetime) -> Outcome:
    """Paused or not as before. What came due meanwhile is noted by the engine as after any gap."""

    def why_not(schedule: Schedule, row: dict[str, Any]) -> Why:
        return CHANGED if schedule.retired_at != datetime.fromisoformat(row["at"]) else ""

    outcome, found = _as_left(tenant, rows, why_not)
    _of(tenant, found).update(retired_at=None)
    outcome.gone = _gone(tenant, found, rows)
    record_each(actor, "schedule.removal_undone", [(schedule, None, None) for schedule in found], now=now, tenant=tenant)
    return _done(outcome, found)


def _gone(tenant: Tenant, found: Iterable[Schedule], rows: list[dict[str, Any]]) -> list[str]:
    """Names of destinations that they had."""
    back = {str(schedule.pk) for schedule in found}
    had = {pk: name for row in rows if row["id"] in back for pk, name in row.get("destinations", {}).items()}
    kept = set(map(str, Destination.objects.filter(tenant=tenant, pk__in=had).values_list("pk", flat=True))) if had else set()
    return sorted(name for pk, name in had.items() if pk not in kept)


def _locked(tenant: Tenant, which: Q) -> list[Schedule]:
    """In one order, so that two who select the same ones wait for each other and not both for ever."""
    rows = Schedule.objects.for_tenant(tenant).filter(which).select_related("report")
    return list(rows.select_for_update(of=("self",)).order_by("pk"))


def _sorted(tenant: Tenant, ids: Collection[uuid.UUID], why_not: Callable[[Schedule], Why]) -> tuple[Outcome, list[Schedule]]:
    """Those that it can be done to."""
    outcome, found, known = Outcome(), [], _locked(tenant, Q(pk__in=ids, retired_at=None))
    for schedule in known:
        if why := why_not(schedule):
            outcome.leave(schedule.title, why)
        else:
            found.append(schedule)
    outcome.leave_unknown(len(set(ids)) - len(known))
    return outcome, found


def _as_left(
    tenant: Tenant, rows: list[dict[str, Any]], why_not: Callable[[Schedule, dict[str, Any]], Why]
) -> tuple[Outcome, list[Schedule]]:
    outcome, found, by_id = Outcome(), [], {uuid.UUID(row["id"]): row for row in rows}
    known = _locked(tenant, Q(pk__in=by_id))
    for schedule in known:
        if why := why_not(schedule, by_id[schedule.pk]):
            outcome.leave(schedule.title, why)
        else:
            found.append(schedule)
    outcome.leave_unknown(len(by_id) - len(known))
    return outcome, found


def _of(tenant: Tenant, found: Iterable[Schedule]) -> Any:
    return Schedule.objects.for_tenant(tenant).filter(pk__in=[schedule.pk for schedule in found])


def _done(outcome: Outcome, found: list[Schedule], **left: str) -> Outcome:
    outcome.done = len(found)
    outcome.rows = [{"id": str(schedule.pk)} | left for schedule in found]
    return outcome
