"""Visits of platform staff to a company, as one of its people would see it. Each is written down before it begins."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from tenants.models.members import Role
from tenants.models.tenant import Tenant
from tenants.models.user import User

VISIT_LIFE = timedelta(minutes=30)


class SupportVisitQuerySet(models.QuerySet["SupportVisit"]):
    def going_on(self, now: datetime) -> SupportVisitQuerySet:
        return self.filter(ended_at=None, until__gt=now)


class SupportVisit(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="support_visits")
    staff = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    # What its pages show is what this role sees.
    role = models.CharField(max_length=8, choices=Role)
    ticket = models.CharField(max_length=40)
    reason = models.CharField(max_length=300)
    may_act = models.BooleanField(default=False, help_text="Raised by a further reason; else it only looks.")
    since = models.DateTimeField()
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, help_text="NULL: ends by itself at `until`.")

    objects = SupportVisitQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["staff"], condition=Q(ended_at=None), name="one_open_visit_per_person"),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(ticket=""), name="a_visit_has_a_reason"),
        )
        indexes = (models.Index(fields=["tenant", "-since"], name="visit_list"),)

    def __str__(self) -> str:
        return self.ticket
