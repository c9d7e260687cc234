"""The worker's part: in each tenant the schedule that a template makes there is made, changed or retired, one tenant at a time.

A tenant's schedule and what the platform knows of it change in one transaction, in which the use's row is locked. So whoever is killed
leaves nothing half done, two workers make one schedule, and of two editings the newer one is in force in the end.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from reports.mails.variables import fill
from reports.models import Grant, Schedule, ScheduleTemplate, TemplateUse
from reports.occurrences import acting
from reports.refused import Refused
from reports.schedules import editing
from reports.templates.owned import ALWAYS, WRITTEN
from tenants.audit import Actor
from tenants.models import Tenant
from tenants.scope import as_engine, engine_scope, tenant_scope

# Who took one and is gone had so long; one that kills its worker keeps the others waiting no longer than a minute.
TAKEN_FOR = timedelta(minutes=2)
# What could not be applied may be possible later: the report is offered by then, say.
AGAIN_AFTER = timedelta(hours=1)


def apply_due(now: datetime, may_go_on: Callable[[], bool] = lambda: True) -> int:
    """How many tenants were dealt with."""
    number = 0
    while may_go_on() and (taken := _take(now)) is not None:
        _apply(*taken, now)
        number += 1
    return number


def is_due(now: datetime) -> bool:
    with engine_scope():
        return TemplateUse.objects.due(now).exists()


def _take(now: datetime) -> tuple[int, uuid.UUID] | None:
    with engine_scope():
        use = TemplateUse.objects.due(now).select_for_update(skip_locked=True).first()
        if use is None:
            return None
        TemplateUse.objects.filter(pk=use.pk).update(next_try_at=now + TAKEN_FOR)
        return use.pk, use.tenant_id


def _apply(use_id: int, tenant_id: uuid.UUID, now: datetime) -> None:
    with tenant_scope(tenant_id):
        tenant = Tenant.objects.get(pk=tenant_id)
        with as_engine():
            # Locked before the template is read: whoever changes the template afterwards makes this one due again.
            TemplateUse.objects.select_for_update().get(pk=use_id)
            use = TemplateUse.objects.select_related("template__report").get(pk=use_id)
        came_to = _bring_about(tenant, use, now)
        with as_engine():
            TemplateUse.objects.filter(pk=use_id).update(**came_to)


def _bring_about(tenant: Tenant, use: TemplateUse, now: datetime) -> dict[str, Any]:
    """What the use's row says afterwards."""
    template = use.template
    actor = Actor(f"platform template {template.slug}")
    schedule = Schedule.objects.for_tenant(tenant).kept().filter(template=template.pk).select_related("report").first()
    try:
        with transaction.atomic():
            if use.wanted:
                _save(tenant, template, schedule, actor, now)
            elif schedule is not None:
                schedule.tenant = tenant
                acting.end(schedule, actor, now)
    except Refused as refused:
        return {"failure_code": refused.code, "failure": refused.detail, "next_try_at": now + AGAIN_AFTER}
    version = template.version if use.wanted else None
    return {"applied_version": version, "failure_code": "", "failure": "", "next_try_at": None}


def _save(tenant: Tenant, template: ScheduleTemplate, schedule: Schedule | None, actor: Actor, now: datetime) -> None:
    if schedule is not None:
        schedule.tenant = tenant
    values = values_for(tenant, template)
    if schedule is None and not Schedule.objects.for_tenant(tenant).filter(slug=template.slug).exists():
        values["slug"] = template.slug
    editing.save(tenant, actor, values, schedule=schedule, template=template, now=now)


def values_for(tenant: Tenant, template: ScheduleTemplate) -> dict[str, Any]:
    """What is pinned for the tenant stays as it is pinned; attachments go only where the tenant allows them."""
    grant = Grant.objects.for_tenant(tenant).active().filter(report=template.report_id).first()
    pinned = grant.parameters if grant else {}
    values = {name: getattr(template, name) for name in WRITTEN} | dict.fromkeys(ALWAYS)
    return values | {
        "report": template.report.slug,
        "parameters": {name: value for name, value in template.parameters.items() if name not in pinned},
        "attach": template.attach and tenant.allow_attachments,
        "must_contain": fill(template.must_contain, {"tenant": tenant.name}),
    }
