"""What an event of each type says, for the document; reports/event_data.py makes it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from reports.api.v1.batches import BatchCounts
from reports.api.v1.fields import Metadata
from reports.api.v1.job_out import FailureOut
from reports.models import Format


class EventFile(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    format = serializers.ChoiceField(choices=Format.values)
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField()


class JobEventData(serializers.Serializer[Any]):
    """job.completed, job.failed, job.cancelled."""

    id = serializers.UUIDField()
    status = serializers.CharField()
    report = serializers.SlugField()
    reference = serializers.CharField(allow_null=True)
    metadata = Metadata(allow_null=True, help_text="null: too large for a message.")
    schedule = serializers.UUIDField(allow_null=True)
    batch = serializers.UUIDField(allow_null=True)
    failure = FailureOut(allow_null=True)
    files = EventFile(many=True)
    url = serializers.URLField()


class EventReason(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()


class DeliveryEventData(serializers.Serializer[Any]):
    """delivery.sent, delivery.failed."""

    id = serializers.UUIDField()
    status = serializers.CharField()
    job = serializers.UUIDField()
    recipient = serializers.UUIDField(allow_null=True, help_text="null: not in the address book.")
    channel = serializers.CharField()
    failure = EventReason(allow_null=True)
    url = serializers.URLField()


class DownloadEventData(serializers.Serializer[Any]):
    """link.downloaded."""

    id = serializers.UUIDField()
    link = serializers.UUIDField(allow_null=True)
    job = serializers.UUIDField()
    file = serializers.UUIDField()
    recipient = serializers.UUIDField(allow_null=True)
    at = serializers.DateTimeField()


class MissedEventData(serializers.Serializer[Any]):
    """schedule.missed."""

    schedule = serializers.UUIDField()
    slug = serializers.CharField()
    planned_at = serializers.DateTimeField()
    reason = serializers.CharField()
    policy = serializers.CharField()


class PausedEventData(serializers.Serializer[Any]):
    """schedule.paused."""

    schedule = serializers.UUIDField()
    slug = serializers.CharField()
    reason = serializers.CharField()
    url = serializers.URLField()


class BatchEventData(serializers.Serializer[Any]):
    """batch.finished."""

    id = serializers.UUIDField()
    status = serializers.CharField()
    reference = serializers.CharField(allow_null=True)
    counts = BatchCounts()
    url = serializers.URLField()


class PingEventData(serializers.Serializer[Any]):
    """webhook.ping."""

    webhook = serializers.UUIDField()


KINDS = (JobEventData, DeliveryEventData, DownloadEventData, MissedEventData, PausedEventData, BatchEventData, PingEventData)
