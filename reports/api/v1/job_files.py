"""`/jobs/{job}/files/{file}/download/`: a file, for a minute, and the record of who got it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NoReturn

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from reports import files
from reports.api.v1.fields import Instant
from reports.api.v1.jobs import JobView
from reports.aws.errors import AwsError
from reports.links.remaking import make_again
from reports.models import SnapshotFile, SnapshotJob
from reports.refused import Refused

EXAMPLE = {"url": "https://files.example/…", "expires_at": "2026-11-23T06:05:02.317261Z"}


class FileUnavailable(APIException):
    status_code, default_code = 503, "file_unavailable"


class SignedOut(serializers.Serializer[Any]):
    url = serializers.URLField(help_text="GET it without the key. It is never the same twice.")
    expires_at = Instant()


class DownloadFile(JobView):
    scopes = {"GET": "jobs:read"}
    # Each call is a download: HEAD would be one that nobody got.
    http_method_names = ("get",)
    refuses = {"GET": ("file_not_ready", "file_gone", "job_held", "job_recalled")}

    @extend_schema(
        operation_id="download_file", responses=SignedOut, examples=[OpenApiExample("For a minute", EXAMPLE, response_only=True)]
    )
    def get(self, request: Request, job: str, file: str) -> Response:
        """An address to fetch a file from.

        It works for a minute, and each call is recorded as a download. A file that the store has lost is made again by a job of its own.
        """
        now = timezone.now()
        with self.caller.scope():
            kept = self._offered(job, file, now)
        if not _is_there(kept):
            self._make_again(kept, now)
        with self.caller.scope():
            files.note_download(kept, self.caller.actor, now=now)
        # Written down and committed before a URL exists that could be used.
        signed = {"url": files.presigned_url(kept), "expires_at": now + timedelta(seconds=settings.PRESIGNED_SECONDS)}
        return Response(SignedOut(signed).data)

    def _offered(self, job: str, file: str, now: datetime) -> SnapshotFile:
        """Raises NotFound and Refused."""
        found = self.find(job)
        if found.status != SnapshotJob.Status.COMPLETED:
            # Files are written with that move: whatever id was asked for, there is none yet.
            raise Refused("file_not_ready", "The job is not completed, so it has no files.")
        kept = self.get_object(SnapshotFile.objects.for_tenant(self.caller.tenant).filter(job=found), file)
        kept.tenant, kept.job = self.caller.tenant, found
        files.refuse_gone(kept, now=now)
        return kept

    def _make_again(self, lost: SnapshotFile, now: datetime) -> NoReturn:
        """Once, however often it is asked for. Raises FileUnavailable; Refused where it was made again, or cannot be."""
        with self.caller.scope():
            remake = make_again(lost.job, lost, self.caller.actor, now=now)
        if not remake.has_ended:
            raise FileUnavailable(f"The file store has lost {lost.name}. The job {remake.pk} makes it again.")
        raise Refused("file_gone", f"The file store has lost {lost.name}. It was to be made again by the job {remake.pk}: see there.")


def _is_there(file: SnapshotFile) -> bool:
    """Outside any transaction."""
    try:
        return files.is_there(file)
    except AwsError as error:
        raise FileUnavailable("The file store does not answer just now.") from error
