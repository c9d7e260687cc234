"""Changing a template, choosing its tenants, and taking it away. In the staff scope; the worker does it in each tenant afterwards.

The template's row is locked in each of these, so that nobody is chosen for a version that they do not get.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from reports import tasks
from reports.models import ScheduleTemplate, TemplateUse
from reports.refused import Refused
from reports.templates import checking
from reports.templates.told import told
from tenants.audit import Actor, record

AS_IT_BEGINS: dict[str, Any] = {"failure_code": "", "failure": ""}


def change(template: ScheduleTemplate, seen: int, values: dict[str, Any], actor: Actor, now: datetime) -> ScheduleTemplate:
    """`values`: of `owned.WRITTEN`. `seen`: the version that the person saw; who comes second is told so. Raises Refused.

    A change that changes nothing is no version.
    """
    current = _locked(template)
    if current.version != seen:
        raise Refused("changed_meanwhile", _("Somebody else changed this template while you edited it. Nothing of yours is saved yet."))
    before = told(current)
    for name, value in values.items():
        setattr(current, name, value)
    checking.check(current, now)
    after = told(current)
    changed = [name for name in after if after[name] != before[name]]
    if not changed:
        return current
    current.version = seen + 1
    current.save(update_fields=[*values, "version"])
    _begin(current, now, wanted=True)
    record(
        actor,
        "template.changed",
        now=now,
        tenant=None,
        about=current,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )
    return current


def choose(template: ScheduleTemplate, tenant_ids: Collection[uuid.UUID], actor: Actor, now: datetime) -> tuple[int, int]:
    """These tenants and no others: how many were added and how many taken out. Raises Refused."""
    current, chosen = _locked(template), set(tenant_ids)
    has = set(TemplateUse.objects.filter(template=current, wanted=True).values_list("tenant_id", flat=True))
    added, removed = chosen - has, has - chosen
    known = TemplateUse.objects.filter(template=current, tenant__in=added)
    again = set(known.values_list("tenant_id", flat=True))
    known.update(wanted=True, next_try_at=now, **AS_IT_BEGINS)
    TemplateUse.objects.bulk_create(TemplateUse(template=current, tenant_id=pk, next_try_at=now) for pk in sorted(added - again))
    TemplateUse.objects.filter(template=current, tenant__in=removed).update(wanted=False, next_try_at=now, **AS_IT_BEGINS)
    if added or removed:
        after = {"added": sorted(map(str, added)), "removed": sorted(map(str, removed))}
        record(actor, "template.tenants_chosen", now=now, tenant=None, about=current, after=after)
        _send()
    return len(added), len(removed)


def retire(template: ScheduleTemplate, actor: Actor, now: datetime) -> int:
    """Of how many tenants the schedules are retired with it. Twice is once."""
    current = _locked(template, also_retired=True)
    if current.retired_at is not None:
        return 0
    current.retired_at = now
    current.save(update_fields=["retired_at"])
    number = _begin(current, now, wanted=False)
    record(actor, "template.retired", now=now, tenant=None, about=current, before={"slug": current.slug}, after={"tenants": number})
    return number


def _locked(template: ScheduleTemplate, *, also_retired: bool = False) -> ScheduleTemplate:
    # Not its key: a worker that has a use locked, for which this waits, may be storing a schedule that points at the template.
    locked = ScheduleTemplate.objects.select_for_update(of=("self",), no_key=True)
    current = locked.select_related("report").get(pk=template.pk)
    if current.retired_at is not None and not also_retired:
        raise Refused("template_retired", _("This template was removed meanwhile."))
    return current


def _begin(template: ScheduleTemplate, now: datetime, *, wanted: bool) -> int:
    uses = TemplateUse.objects.filter(template=template, wanted=True)
    number = uses.update(wanted=wanted, next_try_at=now, **AS_IT_BEGINS)
    if number:
        _send()
    return number


def _send() -> None:
    # Robust: what staff want is stored, and a message that could not be sent costs a minute.
    transaction.on_commit(tasks.send_apply_templates, robust=True)
