"""`/jobs/{job}/files/{file}/download/`: a file, for a minute, and the record of who got it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reports import files
from reports.api.v1.fields import Instant
from reports.api.v1.jobs import JobView
from reports.models import SnapshotFile, SnapshotJob
from reports.refused import Refused

EXAMPLE = {"url": "https://files.example/…", "expires_at": "2026-11-23T06:05:02.317261Z"}


class SignedOut(serializers.Serializer[Any]):
    url = serializers.URLField(help_text="GET it without the key. It is never the same twice.")
    expires_at = Instant()


class DownloadFile(JobView):
    scopes = {"GET": "jobs:read"}
    refuses = {"GET": ("file_not_ready", "file_gone")}

    @extend_schema(
        operation_id="download_file", responses=SignedOut, examples=[OpenApiExample("For a minute", EXAMPLE, response_only=True)]
    )
    def get(self, request: Request, job: str, file: str) -> Response:
        """An address to fetch a file from.

        It works for a minute, and each call is recorded as a download.
        """
        now = timezone.now()
        with self.caller.scope():
            found = self.find(job)
            kept = self.get_object(SnapshotFile.objects.for_tenant(self.caller.tenant).filter(job=found), file)
            if found.status != SnapshotJob.Status.COMPLETED:
                raise Refused("file_not_ready", "The job is not completed, so its files are not ready.")
            kept.tenant = self.caller.tenant
            files.note_download(kept, self.caller.actor, now=now)
        # Written down and committed before a URL exists that could be used.
        signed = {"url": files.presigned_url(kept), "expires_at": now + timedelta(seconds=settings.PRESIGNED_SECONDS)}
        return Response(SignedOut(signed).data)
