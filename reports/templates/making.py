"""Making a template. It does nothing before tenants are chosen for it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from reports.models import ScheduleTemplate
from reports.refused import Place, Refused
from reports.templates import checking
from reports.templates.told import told
from tenants.audit import Actor, record
from tenants.models import User


def make(values: dict[str, Any], user: User, actor: Actor, now: datetime) -> ScheduleTemplate:
    """`values`: `slug`, `report` (a slug) and what `owned.WRITTEN` names. In the staff scope. Raises Refused."""
    report = checking.find_report(values["report"])
    template = ScheduleTemplate(**values | {"report": report}, created_by=user, created_at=now)
    checking.check(template, now)
    try:
        with transaction.atomic():
            template.save(force_insert=True)
    except IntegrityError:
        detail = _("Another template has the short name %(slug)s. One that was removed keeps its own.") % {"slug": template.slug}
        raise Refused("slug_taken", detail, (Place(("slug",), "slug_taken", detail),)) from None
    record(actor, "template.created", now=now, tenant=None, about=template, after=told(template))
    return template
