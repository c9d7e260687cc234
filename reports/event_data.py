"""What an event of each type says. Fields are as in the resource of API v1, and never change their type."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.conf import settings

from reports.batches import counting
from reports.delivery.failures import cause_of as cause_of_delivery
from reports.events import instant
from reports.failures import cause_of
from reports.models import Batch, Delivery, Download, SnapshotFile, SnapshotJob

# Of the caller's own words in one body.
MOST_METADATA_BYTES = 12_000


def of_job(job: SnapshotJob) -> dict[str, Any]:
    """Of one that has ended. In the tenant's scope."""
    return {
        "id": str(job.pk),
        "status": job.status,
        "report": job.report.slug,
        "reference": job.reference or None,
        "metadata": job.metadata if len(json.dumps(job.metadata, ensure_ascii=False).encode()) <= MOST_METADATA_BYTES else None,
        "schedule": str(job.occurrence.schedule_id) if job.occurrence else None,
        "batch": _id(job.batch_id),
        "failure": _failure(job),
        "files": [_file(file) for file in job.files.order_by("format", "visual_id")] if job.status == job.Status.COMPLETED else [],
        "url": url(f"jobs/{job.pk}"),
    }


def of_batch(batch: Batch) -> dict[str, Any]:
    """Of one that has ended. In the tenant's scope."""
    return {
        "id": str(batch.pk),
        "status": counting.FINISHED,
        "reference": batch.reference or None,
        "counts": asdict(counting.count(batch)),
        "url": url(f"batches/{batch.pk}"),
    }


def of_delivery(delivery: Delivery) -> dict[str, Any]:
    failed = delivery.failure_code if delivery.status in (Delivery.Status.FAILED, Delivery.Status.BOUNCED) else ""
    failure = {"code": failed, "message": str(cause_of_delivery(failed).message)} if failed else None
    return {
        "id": str(delivery.pk),
        "status": delivery.status,
        "job": str(delivery.job_id),
        "recipient": _id(delivery.recipient_id),
        "channel": delivery.channel,
        "failure": failure,
        "url": url(f"jobs/{delivery.job_id}/deliveries"),
    }


def of_download(download: Download, recipient_id: uuid.UUID | None) -> dict[str, Any]:
    return {
        "id": str(download.pk),
        "link": _id(download.link_id),
        "job": str(download.file.job_id),
        "file": str(download.file_id),
        "recipient": _id(recipient_id),
        "at": instant(download.at),
    }


def of_missed(schedule_id: uuid.UUID, slug: str, planned_at: datetime, reason: str, policy: str) -> dict[str, Any]:
    return {"schedule": str(schedule_id), "slug": slug, "planned_at": instant(planned_at), "reason": reason, "policy": policy}


def of_paused(schedule_id: uuid.UUID, slug: str, fault: str) -> dict[str, Any]:
    return {"schedule": str(schedule_id), "slug": slug, "reason": fault, "url": url(f"schedules/{schedule_id}")}


def url(path: str) -> str:
    return f"{settings.PORTAL_BASE_URL}/api/v1/{path}/"


def _failure(job: SnapshotJob) -> dict[str, Any] | None:
    if not job.failure_code:
        return None
    cause = cause_of(job.failure_code)
    return {"code": job.failure_code, "message": job.failure_message or str(cause.message), "retryable": cause.retryable}


def _file(file: SnapshotFile) -> dict[str, Any]:
    return {"id": str(file.pk), "format": file.format, "size_bytes": file.size_bytes, "sha256": bytes(file.sha256).hex()}


def _id(id: uuid.UUID | None) -> str | None:
    return str(id) if id else None
