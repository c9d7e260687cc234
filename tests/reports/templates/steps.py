"""What staff and the worker do with templates, by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from reports.models import Schedule, ScheduleTemplate, TemplateUse
from reports.templates import applying, changing, making
from tenants.audit import Actor
from tenants.models import Tenant, User
from tenants.scope import staff_scope, tenant_scope

INES = Actor("ines@anycompany.example")
VALUES: dict[str, Any] = {"slug": "morning", "name": "Morning", "report": "daily-calls", "formats": ["PDF"], "cron": "30 7 * * 1-5"}


def make(staff: User, now: datetime, **values: Any) -> ScheduleTemplate:
    with staff_scope(staff):
        return making.make(VALUES | values, staff, INES, now)


def choose(template: ScheduleTemplate, tenants: Iterable[Tenant], now: datetime) -> tuple[int, int]:
    with staff_scope(template.created_by):
        return changing.choose(template, [tenant.pk for tenant in tenants], INES, now)


def change(template: ScheduleTemplate, now: datetime, **values: Any) -> ScheduleTemplate:
    """By somebody who sees it as it is now."""
    with staff_scope(template.created_by):
        seen = ScheduleTemplate.objects.get(pk=template.pk).version
        return changing.change(template, seen, values, INES, now)


def retire(template: ScheduleTemplate, now: datetime) -> int:
    with staff_scope(template.created_by):
        return changing.retire(template, INES, now)


def in_force(staff: User, now: datetime, tenants: Iterable[Tenant], **values: Any) -> ScheduleTemplate:
    """Made, and applied in these tenants."""
    template = make(staff, now, **values)
    choose(template, tenants, now)
    applying.apply_due(now)
    return template


def use_of(template: ScheduleTemplate, tenant: Tenant) -> TemplateUse:
    with staff_scope(template.created_by):
        return TemplateUse.objects.get(template=template, tenant=tenant)


def linked(tenant: Tenant) -> Schedule:
    """The one that is in use."""
    with tenant_scope(tenant):
        schedule = Schedule.objects.kept().select_related("report").get(tenant=tenant, template__isnull=False)
    schedule.tenant = tenant
    return schedule
