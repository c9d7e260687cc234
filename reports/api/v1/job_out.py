"""A job as API v1 tells of it. Nothing in it says where a file lies, what a session tag holds, or how QuickSight put it."""

from __future__ import annotations

import re
from typing import Any

from django.utils import timezone, translation
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from reports import timeline
from reports.api.v1.body import Resource
from reports.api.v1.fields import Instant, Metadata, Parameters
from reports.failures import DISCARDED, cause_of
from reports.jobs import LANES
from reports.links import masked
from reports.models import Attempt, Format, SnapshotFile, SnapshotJob

INSTANT = Instant()
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
# While its files are checked, it is not known yet whether they are held: nobody gets them.
RELEASES = {None: "released", "released": "released", "checking": "held", "held": "held", "rejected": "rejected"}
LANE_WORDS = {lane: word for word, lane in LANES.items()}
# A dry run is in no answer.
TRIGGERS = [trigger for trigger in SnapshotJob.Trigger.values if trigger != SnapshotJob.Trigger.DRY_RUN]


class FailureOut(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Stable; more may come.")
    message = serializers.CharField()
    retryable = serializers.BooleanField(help_text="Whether the same again may help.")


class FileOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    format = serializers.ChoiceField(choices=Format.values)
    name = serializers.CharField()
    size_bytes = serializers.IntegerField(min_value=1)
    sha256 = serializers.SerializerMethodField(help_text="Hexadecimal.")
    pages = serializers.IntegerField(allow_null=True, help_text="Of a PDF.")
    rows = serializers.IntegerField(source="data_rows", allow_null=True, help_text="Of a CSV.")
    visual = serializers.SerializerMethodField(help_text="Of a CSV: what it shows.")
    kept_until = serializers.SerializerMethodField(help_text="Downloads end then.")

    def get_sha256(self, row: SnapshotFile) -> str:
        return bytes(row.sha256).hex()

    def get_visual(self, row: SnapshotFile) -> str | None:
        return row.visual_id or None

    @extend_schema_field({"type": ["string", "null"], "format": "date-time"})
    def get_kept_until(self, row: SnapshotFile) -> Any:
        """null: it is gone."""
        return INSTANT.to_representation(row.offered_until(row.tenant)) if row.may_be_seen(row.tenant, timezone.now()) else None


class AttemptOut(serializers.Serializer[Any]):
    number = serializers.IntegerField(min_value=1)
    status = serializers.SerializerMethodField()
    started_at = Instant(source="created_at")
    ended_at = Instant(allow_null=True)
    failure = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string", "enum": ["running", "completed", "failed", "discarded"]})
    def get_status(self, row: Attempt) -> str:
        if row.failure_code == DISCARDED:
            return DISCARDED
        return "running" if row.ended_at is None else "failed" if row.failure_code else "completed"

    @extend_schema_field(FailureOut(allow_null=True))
    def get_failure(self, row: Attempt) -> Any:
        return failure(row.failure_code) if row.failure_code not in ("", DISCARDED) else None


class JobEventOut(serializers.Serializer[Any]):
    at = Instant()
    type = serializers.CharField(help_text="Such as job.started; more may come.")
    text = serializers.CharField()


class DeliveryCounts(serializers.Serializer[Any]):
    pending = serializers.IntegerField(min_value=0)
    sent = serializers.IntegerField(min_value=0)
    failed = serializers.IntegerField(min_value=0)
    suppressed = serializers.IntegerField(min_value=0)


class TagOut(serializers.Serializer[Any]):
    key = serializers.CharField()
    # Serializers have one of their own.
    vars()["source"] = serializers.ChoiceField(choices=["tenant", "audience"])


class JobRow(Resource):
    """As lists tell of it."""

    # Whatever is no column of a job is set by reports/api/v1/job_facts.py.

    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=SnapshotJob.Status.values)
    report = serializers.SlugField(source="slug")
    formats = serializers.ListField(child=serializers.ChoiceField(choices=Format.values))
    visuals = serializers.SerializerMethodField(help_text="What CSV and Excel are made of; null: neither was asked for.")
    parameters = serializers.SerializerMethodField(help_text="As they were sent.")
    resolved_parameters = Parameters(source="parameters", help_text="What was rendered with: a list of values for each.")
    lane = serializers.SerializerMethodField()
    trigger = serializers.ChoiceField(choices=TRIGGERS)
    schedule = serializers.SerializerMethodField()
    occurrence = serializers.UUIDField(source="occurrence_id", allow_null=True)
    batch = serializers.UUIDField(source="batch_id", allow_null=True)
    audience = serializers.UUIDField(source="audience_id", allow_null=True)
    retry_of = serializers.UUIDField(source="retry_of_id", allow_null=True)
    superseded_by = serializers.UUIDField(source="superseded", allow_null=True, help_text="The corrected version, once it is ready.")
    recalled_at = Instant(allow_null=True, help_text="When its files were withdrawn. null: they stand.")
    reference = serializers.SerializerMethodField(help_text="Yours.")
    metadata = Metadata(help_text="Yours.")
    queue_position = serializers.SerializerMethodField(help_text="1 is next. null: it does not wait, or that is not known yet.")
    expected_start_at = Instant(allow_null=True)
    expected_end_at = Instant(source="expected_end", allow_null=True)
    started_at = Instant(allow_null=True)
    ended_at = Instant(source="finished_at", allow_null=True)
    deadline_at = Instant()
    release = serializers.SerializerMethodField(help_text="`held`: nobody gets its files yet; `rejected`: nobody will.")
    failure = serializers.SerializerMethodField()
    files = FileOut(source="shown_files", many=True)
    deliveries = DeliveryCounts(source="counts")
    tags = TagOut(source="tag_list", many=True, help_text="By which its rows are chosen. Values are in the proof alone.")
    created_at = Instant()

    @extend_schema_field({"type": ["array", "null"], "items": {"type": "string"}})
    def get_visuals(self, row: SnapshotJob) -> list[str] | None:
        return row.visual_ids or None

    @extend_schema_field(Parameters)
    def get_parameters(self, row: SnapshotJob) -> Any:
        return row.parameters if row.given_parameters is None else row.given_parameters

    @extend_schema_field({"type": "string", "enum": list(LANES)})
    def get_lane(self, row: SnapshotJob) -> str:
        return LANE_WORDS[SnapshotJob.Lane(row.lane)]

    @extend_schema_field({"type": ["string", "null"], "format": "uuid"})
    def get_schedule(self, row: Any) -> Any:
        return str(row.schedule_id) if row.schedule_id else None

    def get_reference(self, row: SnapshotJob) -> str | None:
        return row.reference or None

    def get_queue_position(self, row: SnapshotJob) -> int | None:
        return row.ahead + 1 if row.status == SnapshotJob.Status.QUEUED and row.ahead is not None else None

    @extend_schema_field({"type": "string", "enum": ["released", "held", "rejected"]})
    def get_release(self, row: SnapshotJob) -> str:
        return RELEASES[row.review_status]

    @extend_schema_field(FailureOut(allow_null=True))
    def get_failure(self, row: SnapshotJob) -> Any:
        return failure(row.failure_code, row.failure_message) if row.status == SnapshotJob.Status.FAILED else None


class JobOut(JobRow):
    """A single one: with what happened to it."""

    attempts = AttemptOut(source="shown_attempts", many=True)
    events = serializers.SerializerMethodField()

    @extend_schema_field(JobEventOut(many=True))
    def get_events(self, row: Any) -> Any:
        with translation.override("en"):
            return [
                {
                    "at": INSTANT.to_representation(event.at),
                    "type": f"job.{event.type}",
                    "text": _sentence(timeline.line(event.at, event.type, _for_programs(event.data))),
                }
                for event in row.shown_events
            ]


def failure(code: str, message: str = "") -> dict[str, Any]:
    with translation.override("en"):
        cause = cause_of(code)
        return {"code": code, "message": message or str(cause.message), "retryable": cause.retryable}


def _for_programs(data: dict[str, Any]) -> dict[str, Any]:
    """Who may read jobs learns no person's whole address."""
    actor = str(data.get("actor", ""))
    return data | {"actor": masked(actor)} if ADDRESS.fullmatch(actor) else data


def _sentence(line: timeline.Line) -> str:
    return f"{line.title}: {line.detail}" if line.detail else str(line.title)
