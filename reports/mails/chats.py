"""What a chat is told of a delivery: what it is, when it is from, and the link to its files. In the company's language."""

from __future__ import annotations

from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from reports.delivery.channel import ChatMessage
from reports.models import Delivery


def message_of(delivery: Delivery, url: str) -> ChatMessage:
    """In the tenant's scope. `url`: of the delivery's own link."""
    tenant, job = delivery.tenant, delivery.job
    schedule = delivery.occurrence.schedule if delivery.occurrence else None
    planned_at = delivery.occurrence.planned_at if delivery.occurrence else job.created_at
    zone = schedule.zone if schedule else tenant.zone
    with translation.override(tenant.language), timezone.override(zone):
        title = schedule.title if schedule else job.report.name
        at = date_format(timezone.localtime(planned_at), "DATETIME_FORMAT")
        lines = [f"{at} ({zone.key})", ", ".join(job.formats)]
        if delivery.audience_name:
            lines.insert(0, delivery.audience_name)
        return ChatMessage(delivery.pk, title, lines, url, _("Open the report"))
