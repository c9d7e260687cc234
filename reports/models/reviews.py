"""Reviews: what the gate of a schedule found in a job's files, and who let them go out or did not."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from reports.models.jobs import SnapshotJob, SnapshotJobQuerySet
from tenants.models import Tenant

WAITING = Q(next_try_at__isnull=False)


class ReviewQuerySet(models.QuerySet["Review"]):
    def for_tenant(self, tenant: Tenant) -> ReviewQuerySet:
        return self.filter(tenant=tenant)

    def held(self) -> ReviewQuerySet:
        return self.filter(status=Review.Status.HELD)

    def waiting(self) -> ReviewQuerySet:
        """Nothing of their jobs goes out yet."""
        return self.filter(status__in=Review.OPEN)


class Review(models.Model):
    """Of one job that a gate stands before. A job without one goes out at once."""

    class Status(models.TextChoices):
        CHECKING = "checking", _("Being checked")
        HELD = "held", _("Held for review")
        RELEASED = "released", _("Released")
        REJECTED = "rejected", _("Not sent")

    OPEN: ClassVar = frozenset({Status.CHECKING, Status.HELD})

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    job = models.OneToOneField(SnapshotJob, on_delete=models.CASCADE, related_name="review")
    status = models.CharField(max_length=8, choices=Status, default=Status.CHECKING)
    # [{"code", "file", …}]; reports/gate/findings.py has the words. "file" is a file's id, or "" where it is about the job.
    findings: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list)
    # By a file's id: {"size", "pages", "rows", "usual": {…}, "last": […]}, as reports/gate/comparing.py writes them.
    figures: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    next_try_at = models.DateTimeField(null=True, help_text="Checking: when to check it. Held: its end. NULL: it is decided.")
    lease_until = models.DateTimeField(null=True, help_text="NULL: nobody has it in hand.")
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    held_at = models.DateTimeField(null=True, help_text="NULL: it is not held, and never was.")
    held_until = models.DateTimeField(null=True, help_text="Undecided then, it is not sent. NULL: it is not held, and never was.")
    decided_at = models.DateTimeField(null=True, help_text="NULL: nobody and nothing decided yet.")
    decided_by = models.CharField(max_length=254, blank=True, help_text="Empty: nobody; the checks, or the end of its time.")
    note = models.CharField(max_length=300, blank=True, help_text="For the audit log; recipients never see it.")

    objects = ReviewQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(status__in=("checking", "held"), decided_at__isnull=True, next_try_at__isnull=False)
                | Q(status__in=("released", "rejected"), decided_at__isnull=False, next_try_at__isnull=True, lease_until__isnull=True),
                name="a_decided_review_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(held_at__isnull=True, held_until__isnull=True) | Q(held_at__isnull=False, held_until__isnull=False),
                name="a_held_review_ends_by_itself",
            ),
            models.CheckConstraint(condition=~Q(status="held") | Q(held_at__isnull=False), name="a_held_review_has_a_beginning"),
            models.CheckConstraint(condition=~Q(status="checking") | Q(held_at__isnull=True), name="what_is_checked_is_not_held"),
        )
        indexes = (
            models.Index(fields=["tenant", "next_try_at"], condition=WAITING, name="review_due"),
            models.Index(fields=["tenant", "held_at"], condition=Q(status="held"), name="review_held"),
        )

    def __str__(self) -> str:
        return f"{self.pk}"

    def move(self, before: str, after: str, **changes: Any) -> bool:
        """False: somebody else moved it first, which is not an error."""
        moved = Review.objects.filter(pk=self.pk, status=before).update(status=after, lease_until=None, **changes)
        if moved:
            self.status, self.lease_until = after, None
            for name, value in changes.items():
                setattr(self, name, value)
        return bool(moved)


def with_review(jobs: SnapshotJobQuerySet) -> SnapshotJobQuerySet:
    """`review_status`: of the review that a gate asks for; None: no gate stands before the job."""
    reviews = Review.objects.filter(tenant=OuterRef("tenant"), job=OuterRef("pk"))
    return jobs.annotate(review_status=Subquery(reviews.values("status")))  # type: ignore[no-redef]
