"""`/downloads/`: who was given which file, by a link or signed in."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api.v1.body import Resource
from reports.api.v1.fields import Instant
from reports.api.v1.query import ID, Filter, Query, window
from reports.api.v1.view import V1View
from reports.models import Download, Link


class DownloadOut(Resource):
    id = serializers.UUIDField()
    at = Instant()
    job = serializers.UUIDField(source="file.job_id")
    file = serializers.UUIDField(source="file_id")
    link = serializers.UUIDField(source="link_id", allow_null=True, help_text="null: not by a link.")
    recipient = serializers.UUIDField(source="link.recipient_id", default=None, allow_null=True, help_text="Whom the link was sent to.")
    ip = serializers.IPAddressField(allow_null=True)
    user_agent = serializers.CharField()


class DownloadView(V1View):
    scopes = {"GET": "links:read"}

    def rows(self) -> QuerySet[Download]:
        """Dry runs are staff's alone."""
        found = Download.objects.filter(tenant=self.caller.tenant, file__job__dry_run_tags__isnull=True)
        return found.select_related("link", "file").only(*COLUMNS)


COLUMNS = ("id", "at", "file__job", "link__recipient", "ip", "user_agent")
PERIOD = window("at", "at")


class Downloads(DownloadView):
    query = Query(
        filters=(
            Filter("link", ID, "By these links.", many=True),
            Filter("job", ID, "Of the files of these jobs.", many=True, lookup="file__job"),
            *PERIOD,
        ),
        by="at",
        fields=DownloadOut,
    )

    @extend_schema(operation_id="list_downloads")
    def get(self, request: Request) -> Response:
        """Every file that was handed out."""
        with self.caller.scope():
            return self.get_page(self.rows())


class DownloadsOfLink(DownloadView):
    query = Query(filters=PERIOD, by="at", fields=DownloadOut)

    @extend_schema(operation_id="list_downloads_of_link")
    def get(self, request: Request, link: str) -> Response:
        """Every file that was handed out by a link."""
        with self.caller.scope():
            found: Any = self.get_object(Link.objects.for_tenant(self.caller.tenant), link)
            return self.get_page(self.rows().filter(link=found))
