"""A template as the audit trail tells it."""

from __future__ import annotations

from typing import Any

from reports.models import ScheduleTemplate
from reports.templates.owned import WRITTEN


def told(template: ScheduleTemplate) -> dict[str, Any]:
    values = {name: getattr(template, name) for name in WRITTEN}
    plain = {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in values.items()}
    return {"slug": template.slug, "report": template.report.slug} | plain
