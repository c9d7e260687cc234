"""The snapshot job: one run of a report for one set of session tags, its attempts, its timeline and its files."""

from __future__ import annotations

import logging
import uuid
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Case, OuterRef, Q, Subquery, When
from django.db.models.functions import JSONObject, Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from reports.failures import cause_of
from reports.models.batches import Batch
from reports.models.catalogue import Account, Format, Grant, Report
from reports.models.engine import TenantQueue
from reports.models.erasures import Erasure
from reports.models.schedules import Occurrence
from reports.retelling import retold
from tenants import tracing
from tenants.models import ApiKey, Tenant, User

logger = logging.getLogger(__name__)
ATTENTION_FOR = timedelta(days=7)


class InvalidMove(RuntimeError):
    """A move that the life of a job does not have: a fault in our code, not a lost race."""


class SnapshotJobQuerySet(models.QuerySet["SnapshotJob"]):
    def for_tenant(self, tenant: Tenant) -> SnapshotJobQuerySet:
        """Of the tenant's own people and programs: a dry run is staff's alone, and stands in no list of theirs."""
        return self.filter(tenant=tenant, dry_run_tags__isnull=True)

    def visible(self) -> SnapshotJobQuerySet:
        return self.filter(hidden_at=None, dry_run_tags__isnull=True)

    def moving(self) -> SnapshotJobQuerySet:
        return self.filter(status__in=SnapshotJob.MOVING)

    def ended(self) -> SnapshotJobQuerySet:
        return self.exclude(finished_at=None)

    def with_id_like(self, text: str) -> SnapshotJobQuerySet:
        """Jobs whose id begins with `text`, by a range of the key: comparing ids as text would read every row."""
        digits = text.replace("-", "").lower()
        if not digits or len(digits) > 32 or set(digits) - set("0123456789abcdef"):
            return self.none()
        return self.filter(pk__range=(uuid.UUID(digits.ljust(32, "0")), uuid.UUID(digits.ljust(32, "f"))))

    def needing_attention(self, tenant: Tenant, now: datetime) -> list[uuid.UUID]:
        """The newest run of each report, where it failed within the last week; running the report again settles it.

        One look into the index for each report offered: asking each job for a newer one takes seconds with a million of them.
        """
        failing = Case(When(status=SnapshotJob.Status.FAILED, created_at__gt=now - ATTENTION_FOR, then="pk"))
        runs = self.visible().filter(tenant=OuterRef("tenant"), report=OuterRef("report")).newest_first()
        newest = Grant.objects.for_tenant(tenant).values_list(Subquery(runs.values(failing=failing)[:1]), flat=True)
        return [pk for pk in newest if pk]

    def with_timeline(self) -> SnapshotJobQuerySet:
        """`told`: the events, oldest first, as {"at", "type", "data"}, in the same query."""
        events = JobEvent.objects.filter(tenant=OuterRef("tenant"), job=OuterRef("pk")).order_by("at", "id")
        return self.annotate(told=ArraySubquery(events.values(row=JSONObject(at="at", type="type", data="data"))))

    def newest_first(self) -> SnapshotJobQuerySet:
        return self.order_by("-created_at", "-id")


class SnapshotJob(models.Model):
    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")  # recorded here, no slot yet
        STARTING = "starting", _("Submitted")  # has a slot; QuickSight may or may not have accepted it
        RUNNING = "running", _("Rendering")  # QuickSight accepted the attempt
        COLLECTING = "collecting", _("Saving")  # QuickSight is done, the files are being checked; the slot is free again
        COMPLETED = "completed", _("Delivered")  # every file was checked; a download works
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    class Lane(models.IntegerChoices):
        NOW = 0
        SCHEDULED = 1

    class Trigger(models.TextChoices):
        PAGE = "page", _("Run by hand")
        API = "api", _("API")
        BATCH = "batch", _("In a batch")
        COMPAT = "compat", _("API")
        RETRY = "retry", pgettext_lazy("a job", "Run again")
        SCHEDULE = "schedule", _("By its schedule")
        REMAKE = "remake", _("Prepared again")
        DRY_RUN = "dry_run", _("Dry run by platform staff")
        IMPORTED = "imported", _("Brought over from the older API")  # history alone: it never ran here, and counts nowhere

    class Waiting(models.TextChoices):
        """Why a job does not move although it is its turn."""

        NOTHING = "", ""
        NO_ANSWER = "no_answer", _("QuickSight is not answering")
        NO_ACCESS = "no_access", _("QuickSight refuses the portal access at the moment")
        THROTTLED = "throttled", _("QuickSight is limiting requests")
        SLOTS_TAKEN = "slots_taken", _("All of the account's slots are taken by other work")
        RETRY = "retry", _("Waiting before the next attempt")
        PROBE = "probe", _("Finds out whether its report works again")

    SLOT_HOLDERS = frozenset({Status.STARTING, Status.RUNNING})
    MOVING = frozenset({Status.QUEUED, Status.STARTING, Status.RUNNING, Status.COLLECTING})
    ENDED = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})
    NEXT: ClassVar[dict[str, frozenset[str]]] = {
        Status.QUEUED: frozenset({Status.STARTING, Status.FAILED, Status.CANCELLED}),
        # Cancelled once it has started: what came of it was discarded.
        Status.STARTING: frozenset({Status.QUEUED, Status.RUNNING, Status.FAILED, Status.CANCELLED}),
        Status.RUNNING: frozenset({Status.COLLECTING, Status.QUEUED, Status.FAILED, Status.CANCELLED}),
        Status.COLLECTING: frozenset({Status.COMPLETED, Status.QUEUED, Status.FAILED, Status.CANCELLED}),
    }

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Without indexes of their own: those below lead with the tenant or the account, and each index more makes every move dearer.
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="jobs", db_index=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="jobs", db_index=False)
    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="jobs", db_index=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    lane = models.PositiveSmallIntegerField(choices=Lane, default=Lane.SCHEDULED)
    trigger = models.CharField(max_length=8, choices=Trigger)
    formats = ArrayField(models.CharField(max_length=5, choices=Format))
    visual_ids = ArrayField(models.CharField(max_length=512), default=list)
    parameters: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    actor = models.CharField(max_length=254)
    requested_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+", help_text="NULL: not a member.")
    api_key = models.ForeignKey(ApiKey, on_delete=models.SET_NULL, null=True, related_name="+", help_text="NULL: not an API call.")
    retry_of = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="retries", help_text="NULL: a first run.")
    occurrence = models.ForeignKey(
        Occurrence, on_delete=models.SET_NULL, null=True, related_name="jobs", db_index=False, help_text="NULL: not of a schedule."
    )
    batch = models.ForeignKey(
        Batch, on_delete=models.SET_NULL, null=True, related_name="jobs", db_index=False, help_text="NULL: asked for alone."
    )
    # Of a single job that somebody asked for; those of a schedule may be several.
    audience = models.ForeignKey(
        "reports.Audience", on_delete=models.SET_NULL, null=True, related_name="+", db_index=False, help_text="NULL: none was named."
    )
    # As they were asked for, relative periods among them; `parameters` is what came of them.
    given_parameters: models.JSONField[dict[str, Any] | None, dict[str, Any] | None] = models.JSONField(
        null=True, help_text="NULL: of a release that did not keep them."
    )
    # The caller's own, shown back as they were given.
    reference = models.CharField(max_length=200, blank=True, db_default="", help_text="Empty: none was given.")
    metadata: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(
        default=dict, db_default=models.Value({}, models.JSONField())
    )
    # Where it was asked for, for the spans of its steps and deliveries.
    traceparent = models.CharField(
        max_length=55, blank=True, default=tracing.traceparent, db_default="", help_text="W3C Trace Context. Empty: nobody traces it."
    )
    # Of the audience, as they were when the job was made: added to the tenant's own, never in place of one.
    narrowing_tags: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict)
    # In place of the tenant's own: how its rows would be with tags that staff think of. Never sent to anybody.
    dry_run_tags: models.JSONField[dict[str, str] | None, dict[str, str] | None] = models.JSONField(
        null=True, help_text="NULL: no dry run; the tenant's own tags count."
    )
    fingerprint = models.CharField(
        max_length=64, blank=True, help_text="Of tags, parameters, visuals and formats. Empty: not of a schedule."
    )
    round = models.PositiveSmallIntegerField(
        default=1, help_text="Counts runs of the same occurrence and fingerprint: 2 is its first retry."
    )
    # A corrected version. Links of the old job show both.
    replaces = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="replacements", help_text="NULL: replaces none."
    )
    replaces_because = models.CharField(max_length=300, blank=True, help_text="What end customers read.")
    # Withdrawn after it was sent: from then on nobody gets its files.
    recalled_at = models.DateTimeField(null=True, help_text="NULL: it stands.")
    recalled_by = models.CharField(max_length=254, blank=True, db_default="")
    recalled_because = models.CharField(max_length=300, blank=True, db_default="", help_text="What end customers read.")
    # One form, one job: a second press of the same button finds the first one's job.
    form_key = models.UUIDField(null=True, help_text="NULL: not from a form.")
    # As they were when the job was asked for; clients of the older API know it by them.
    dashboard_id = models.CharField(max_length=512)
    sheet_id = models.CharField(max_length=512)
    # What a client of the older API asked for. It is shown back and never decides where a file lies.
    requested_prefix = models.CharField(max_length=1024, blank=True)
    created_at = models.DateTimeField()
    # created_at is the web host's time; a check of the rules has to be younger than the wish, whatever that host's clock says.
    asked_at = models.DateTimeField(db_default=Now(), editable=False, help_text="By the database's clock.")
    deadline_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, help_text="NULL: QuickSight has not accepted an attempt yet.")
    finished_at = models.DateTimeField(null=True, help_text="NULL: still moving.")
    # QuickSight cannot stop it, and it holds its slot until it has ended there; then it ends cancelled, see reports/engine/moves.py.
    discarded_at = models.DateTimeField(null=True, help_text="Nobody wants its result any more. NULL: it is wanted.")
    hidden_at = models.DateTimeField(null=True, help_text="NULL: listed. Set by the older API's delete; the record stays.")
    failure_code = models.CharField(max_length=24, blank=True)
    failure_message = models.TextField(blank=True, help_text="Empty: the cause's usual sentence says it.")

    # The queue's own columns; the engine sees these across tenants.
    admitted = models.BooleanField(default=False, db_default=False, help_text="Counted in its tenant's queue: it may get a slot.")
    # Of its newest attempt, so that asking about it needs no look into the tenant.
    snapshot_id = models.UUIDField(null=True, help_text="NULL: there was no attempt yet.")
    snapshot_dashboard_id = models.CharField(max_length=512, blank=True, default="", db_default="")
    rendering_since = models.DateTimeField(null=True, help_text="When QuickSight accepted that attempt. NULL: not yet.")
    render_until = models.DateTimeField(null=True, help_text="When that attempt is given up. NULL: it does not render.")
    object_seen_at = models.DateTimeField(null=True, help_text="When S3 told of a file, since the last attempt began. NULL: not yet.")
    not_before = models.DateTimeField(null=True, help_text="NULL: may start at once.")
    next_look_at = models.DateTimeField(null=True, help_text="NULL: not in the engine's hands.")
    lease_until = models.DateTimeField(null=True, help_text="NULL: nobody works on it just now.")
    attempt_count = models.PositiveSmallIntegerField(default=0)
    no_verdicts = models.PositiveSmallIntegerField(default=0, help_text="Calls in a row that QuickSight did not answer.")
    crashes = models.PositiveSmallIntegerField(default=0, help_text="Steps in a row that failed in our code, hung or died.")
    waiting = models.CharField(max_length=12, choices=Waiting, blank=True, default=Waiting.NOTHING)
    # Written by reports/engine/forecast.py while the job waits for its turn.
    ahead = models.PositiveIntegerField(null=True, help_text="Jobs that start before it. NULL: not known.")
    expected_start_at = models.DateTimeField(null=True, help_text="NULL: not known.")

    objects = SnapshotJobQuerySet.as_manager()
    # Only on jobs read by `with_timeline`.
    told: list[dict[str, Any]]
    # Set by pages that show how a moving job gets on; reports/usual.py. NULL: not known.
    usual_seconds: float | None = None
    # Of its review, where the reader asked for it. NULL: no gate stands before it, or it was not asked.
    review_status: str | None = None
    is_slow: bool = False
    # The pause that holds it up, as {"kind", "since", "because", "code", "probe_at"}. NULL: none does, or it was not asked.
    held_by: dict[str, Any] | None = None
    # Of a schedule's run: the schedule's name today; None: of no run.
    schedule_name: str | None = None

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "form_key"], condition=~Q(form_key=None), name="one_job_per_form"),
            models.UniqueConstraint(
                fields=["occurrence", "fingerprint", "round"], condition=~Q(fingerprint=""), name="one_job_per_rows_of_an_occurrence"
            ),
            models.CheckConstraint(
                condition=Q(status__in=("completed", "failed", "cancelled"), finished_at__isnull=False)
                | Q(status__in=("queued", "starting", "running", "collecting"), finished_at__isnull=True),
                name="an_ended_job_has_an_end",
            ),
        )
        indexes = (
            models.Index(fields=["tenant", "-created_at", "-id"], name="job_list"),
            models.Index(fields=["tenant", "report", "-created_at", "-id"], name="job_list_by_report"),
            models.Index(fields=["tenant", "status", "-created_at", "-id"], name="job_list_by_status"),
            models.Index(fields=["tenant", "-finished_at", "-id"], condition=~Q(finished_at=None), name="job_list_by_end"),
            # A schedule makes most jobs: those are found in the whole list, and cost no entry here.
            models.Index(fields=["tenant", "trigger", "-created_at", "-id"], condition=~Q(trigger="schedule"), name="job_list_by_trigger"),
            models.Index(fields=["occurrence"], condition=~Q(occurrence=None), name="job_of_occurrence"),
            models.Index(fields=["tenant", "batch", "-created_at", "-id"], condition=~Q(batch=None), name="job_of_batch"),
            models.Index(fields=["tenant", "audience", "-created_at", "-id"], condition=~Q(audience=None), name="job_of_audience"),
            models.Index(fields=["tenant", "reference", "-created_at", "-id"], condition=~Q(reference=""), name="job_by_reference"),
            models.Index(fields=["tenant", "-created_at"], condition=Q(dry_run_tags__isnull=False), name="job_dry_run"),
            models.Index(fields=["account", "deadline_at"], condition=Q(status="queued"), name="job_overdue"),
            models.Index(
                fields=["account", "lane", "tenant", "created_at", "id"], condition=Q(status="queued", admitted=True), name="job_queue"
            ),
            models.Index(fields=["account", "id"], condition=Q(status="queued", admitted=False), name="job_inbox"),
            models.Index(fields=["account", "report", "admitted"], condition=Q(status="queued"), name="job_waiting_by_report"),
            models.Index(fields=["account", "next_look_at"], condition=Q(status__in=("starting", "running", "collecting")), name="job_due"),
            models.Index(fields=["account", "-finished_at"], condition=Q(status="completed"), name="job_lately"),
            models.Index(fields=["account", "-finished_at"], condition=Q(status="failed"), name="job_failed_lately"),
        )

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def has_ended(self) -> bool:
        return self.status in self.ENDED

    def is_past_days(self, tenant: Tenant, now: datetime) -> bool:
        """It had files, which nobody gets any more; without a look at them. See `SnapshotFile.is_offered`."""
        if self.status != self.Status.COMPLETED or self.finished_at is None:
            return False
        return self.finished_at + timedelta(days=tenant.retention_days) <= now

    @property
    def counted_from(self) -> datetime:
        """Where its time begins: the wait for a slot says nothing about the report."""
        return self.started_at or self.created_at

    @property
    def waits_for(self) -> Waiting:
        """Why it does not move, for people: a job in the queue waits for QuickSight too while that answers nobody.

        An account that refuses us is asked about none of its jobs, whatever they waited for.
        """
        if not self.has_ended and self.account.refused_since:
            return self.Waiting.NO_ACCESS
        if self.status == self.Status.QUEUED and not self.waiting and self.account.unanswered_since:
            return self.Waiting.NO_ANSWER
        return self.Waiting(self.waiting)

    @property
    def failure_text(self) -> str:
        """Why it failed, in the reader's language; empty unless it did."""
        return retold(self.failure_message) or (str(cause_of(self.failure_code).message) if self.failure_code else "")

    def move_to(self, status: str, *, why: str = "", **changes: Any) -> bool:
        """Move if this row is still as it was read; False when somebody else moved it first, which is not an error.

        `why` is for the log alone, where neither a failure's code nor `waiting` says it.
        """
        if status not in self.NEXT.get(self.status, frozenset()):
            raise InvalidMove(f"{self.status} -> {status}")
        if status in self.ENDED:
            changes |= {
                "next_look_at": None,
                "lease_until": None,
                "waiting": self.Waiting.NOTHING,
                "ahead": None,
                "expected_start_at": None,
            }
        moved = SnapshotJob.objects.filter(pk=self.pk, status=self.status).update(status=status, **changes)
        if moved:
            log_move(self.pk, self.tenant_id, self.status, status, why or changes.get("failure_code") or changes.get("waiting", ""))
            if self.status == self.Status.QUEUED:
                # It may have been admitted since it was read.
                self.refresh_from_db()
                if self.admitted:
                    TenantQueue.objects.leave(self.account_id, self.lane, self.tenant_id)
            for name, value in ({"status": status} | changes).items():
                setattr(self, name, value)
        return bool(moved)

    def note(self, type: str, now: datetime, **data: Any) -> None:
        self.event(type, now, **data).save(force_insert=True)

    def event(self, type: str, now: datetime, **data: Any) -> JobEvent:
        """A line of its timeline, not stored yet."""
        return JobEvent(tenant_id=self.tenant_id, job=self, at=now, type=type, data=data)


class Attempt(models.Model):
    """One SnapshotJobId at QuickSight. What it asks for is frozen here: the report behind it may change while it runs."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    job = models.ForeignKey(SnapshotJob, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    dashboard_id = models.CharField(max_length=512)
    sheet_id = models.CharField(max_length=512)
    session_tags: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField()
    # [[name, type, values]]: with the type, because the report may change while the attempt runs.
    parameters: models.JSONField[list[Any], list[Any]] = models.JSONField()
    # As preflight had read them when it was made: what proves by which rules its rows were chosen.
    dashboard_version = models.PositiveIntegerField(null=True, help_text="NULL: not known.")
    row_rules: models.JSONField[list[Any] | None, list[Any] | None] = models.JSONField(null=True, help_text="NULL: not known.")
    rules_read_at = models.DateTimeField(null=True, help_text="NULL: not known.")
    bucket = models.CharField(max_length=63)
    prefix = models.CharField(max_length=200)
    service_status = models.CharField(max_length=12, blank=True, help_text="QuickSight's own word; empty: never told.")
    created_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, help_text="NULL: not known to be accepted.")
    service_created_at = models.DateTimeField(null=True, help_text="NULL: QuickSight has not told it.")
    service_updated_at = models.DateTimeField(null=True, help_text="NULL: QuickSight has not told it.")
    ended_at = models.DateTimeField(null=True, help_text="NULL: no verdict yet.")
    failure_code = models.CharField(max_length=24, blank=True)
    error_type = models.CharField(max_length=128, blank=True)
    error_message = models.TextField(blank=True)
    purged_at = models.DateTimeField(null=True, help_text="What a failed one left in S3 is gone. NULL: nobody looked yet.")

    class Meta:
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=["job", "number"], name="one_attempt_per_number"),
            models.UniqueConstraint(fields=["job"], condition=Q(ended_at=None), name="one_open_attempt_per_job"),
        )
        indexes = (
            models.Index(fields=["tenant", "ended_at", "id"], condition=Q(purged_at=None) & ~Q(failure_code=""), name="attempt_left_over"),
        )

    def __str__(self) -> str:
        return f"{self.pk}"


def log_move(job_id: uuid.UUID, tenant_id: uuid.UUID, before: str, after: str, why: str = "") -> None:
    """One line for each move, once it is committed: a move that is rolled back never was."""
    facts = {"job": job_id, "tenant": tenant_id, "from": str(before), "to": str(after), "why": str(why)}
    transaction.on_commit(lambda: logger.info("job %s -> %s", before or "new", after, extra=facts))
    tracing.note(moved_to=str(after), why=str(why))


class JobEvent(models.Model):
    """A line of the timeline people see. `reports/timeline.py` has the words."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    job = models.ForeignKey(SnapshotJob, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    type = models.CharField(max_length=24)
    data: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)

    class Meta:
        ordering = ("at", "id")
        indexes = (models.Index(fields=["tenant", "job", "at", "id"], name="timeline"),)

    def __str__(self) -> str:
        return self.type


class SnapshotFileQuerySet(models.QuerySet["SnapshotFile"]):
    def for_tenant(self, tenant: Tenant) -> SnapshotFileQuerySet:
        return self.filter(tenant=tenant)

    def kept(self) -> SnapshotFileQuerySet:
        """In S3, as far as we know: those past their days too, until they are purged."""
        return self.filter(purged_at=None)

    def past_days(self, tenant: Tenant, now: datetime) -> SnapshotFileQuerySet:
        """To be purged, by the index `file_kept`. See also `SnapshotFile.is_offered`."""
        return self.for_tenant(tenant).kept().filter(created_at__lte=now - timedelta(days=tenant.retention_days))

    def to_erase(self, tenant: Tenant) -> SnapshotFileQuerySet:
        return self.for_tenant(tenant).kept().exclude(erasure=None)


class SnapshotFile(models.Model):
    """A checked output in S3. The name is ours and for people; the key is QuickSight's and for us."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    job = models.ForeignKey(SnapshotJob, on_delete=models.CASCADE, related_name="files")
    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="files")
    format = models.CharField(max_length=5, choices=Format)
    visual_id = models.CharField(max_length=512, blank=True, help_text="CSV only: the visual it shows.")
    name = models.CharField(max_length=200)
    bucket = models.CharField(max_length=63)
    region = models.CharField(max_length=32)
    key = models.CharField(max_length=1024)
    size_bytes = models.BigIntegerField()
    sha256 = models.BinaryField(max_length=32)
    created_at = models.DateTimeField()
    data_rows = models.PositiveIntegerField(null=True, help_text="Lines of data in a CSV. NULL: not counted.")
    pages = models.PositiveIntegerField(null=True, help_text="Of a PDF. NULL: not counted.")
    version_id = models.CharField(max_length=1024, blank=True, help_text="S3's, of a bucket with versions; empty: it has none.")
    purged_at = models.DateTimeField(null=True, help_text="The object is gone, by its days or by an erasure. NULL: it is there.")
    # Made for that person alone. From then on it is handed out to nobody; its object goes a moment later.
    erasure = models.ForeignKey(
        Erasure, on_delete=models.SET_NULL, null=True, related_name="files", db_index=False, help_text="NULL: of nobody who was erased."
    )
    # With its review, so that whoever forgets to ask hands out nothing.
    held = models.BooleanField(default=False, db_default=False, help_text="A gate did not let it go: for the eyes of who decides alone.")
    # With its job, so that a click need not read that.
    recalled_at = models.DateTimeField(null=True, help_text="NULL: it was not withdrawn.")
    # A legal hold moves objects out of the lifecycle's reach. The old one stays while URLs that were signed for it may be used.
    moved_at = models.DateTimeField(null=True, help_text="NULL: it lies where it was collected.")
    moved_from = models.CharField(
        max_length=1024, blank=True, db_default="", help_text="The key of the old object; empty: it is gone, or was never moved."
    )

    objects = SnapshotFileQuerySet.as_manager()
    # Set by pages: whether it is offered now.
    is_here: bool = True

    class Meta:
        ordering = ("format", "visual_id")
        constraints = (
            models.UniqueConstraint(fields=["job", "format", "visual_id"], name="one_file_per_format_and_visual"),
            models.CheckConstraint(condition=Q(size_bytes__gt=0), name="a_file_is_not_empty"),
        )
        indexes = (
            # With the sizes, which are added up again and again.
            models.Index(fields=["tenant", "created_at", "id"], include=["size_bytes"], condition=Q(purged_at=None), name="file_kept"),
            models.Index(fields=["tenant", "erasure"], condition=Q(purged_at=None) & ~Q(erasure=None), name="file_to_erase"),
            models.Index(fields=["tenant", "moved_at"], condition=~Q(moved_from=""), name="file_moved"),
        )

    def __str__(self) -> str:
        return self.name

    def offered_until(self, tenant: Tenant) -> datetime:
        return self.created_at + timedelta(days=tenant.retention_days)

    def is_offered(self, tenant: Tenant, now: datetime) -> bool:
        """Whether everybody may have it who may have the report."""
        return not self.held and self.may_be_seen(tenant, now)

    def may_be_seen(self, tenant: Tenant, now: datetime) -> bool:
        """By who decides on held files, too. A legal hold keeps what is past its days, and hands out none of it."""
        stands = self.purged_at is None and self.erasure_id is None and self.recalled_at is None
        return stands and now < self.offered_until(tenant)
