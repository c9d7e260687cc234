"""`/links/`: pages for people without an account, each with the files of one job."""

from __future__ import annotations

import uuid
from typing import Any, cast

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reports import links
from reports.api.v1.body import Body, Nothing, Resource
from reports.api.v1.fields import Choice, Id, Instant, Text, Whole
from reports.api.v1.protection import WORDS, read_protection
from reports.api.v1.query import ID, Filter, Query, one_of
from reports.api.v1.refusals import renamed
from reports.api.v1.view import V1View
from reports.links import LinkSet, NewLink, Terms
from reports.links.making import LONGEST_PASSCODE, MOST_DAYS, MOST_USES, SHORTEST_PASSCODE
from reports.models import Link, Protection, Recipient, SnapshotJob
from reports.models.delivery import LinkQuerySet
from reports.refused import Place, Refused
from tenants.models import Tenant

PLACES = {"days": ("expires_at",), "until": ("expires_at",), "email": ("recipient",)}
EXAMPLE = {
    "job": "5b0a6b1e-1c1f-4e53-9b0e-0d8a0a6c2f11",
    "recipient": None,
    "expires_at": "2026-11-26T06:00:00Z",
    "max_uses": 20,
    "passcode": "open sesame",
}


class LinkIn(Body):
    job = Id(help_text="A completed one.")
    recipient = Id(allow_null=True, required=False, help_text="Whom it is for. null: whoever gets its address.")
    expires_at = Instant(allow_null=True, required=False, help_text=f"Within {MOST_DAYS} days. null: as the company has it.")
    max_uses = Whole(min_value=1, max_value=MOST_USES, allow_null=True, required=False, help_text="null: as the company has it.")
    protection = Choice(choices=list(WORDS.values()), required=False, help_text="What it asks for beside being opened.")
    passcode = Text(
        min_length=SHORTEST_PASSCODE,
        max_length=LONGEST_PASSCODE,
        allow_null=True,
        required=False,
        write_only=True,
        help_text="That you give out yourself. It makes `protection` passcode. Never shown again.",
    )


class LinkOut(Resource):
    id = serializers.UUIDField()
    reference = serializers.CharField(help_text="What people call it, such as LNK-7Q2M4KXR. It opens nothing.")
    job = serializers.UUIDField(source="job_id")
    recipient = serializers.UUIDField(source="recipient_id", allow_null=True)
    recipient_masked = serializers.SerializerMethodField(help_text="Whose address it was sent to. null: nobody's.")
    status = serializers.SerializerMethodField()
    expires_at = Instant()
    max_uses = serializers.IntegerField()
    uses = serializers.IntegerField()
    protection = serializers.SerializerMethodField()
    has_passcode = serializers.SerializerMethodField()
    last_download_at = Instant(allow_null=True)
    recalled_at = Instant(source="job.recalled_at", allow_null=True, help_text="When its files were withdrawn. null: they stand.")
    created_at = Instant()

    def get_recipient_masked(self, row: Link) -> str | None:
        return links.masked(row.email) or None

    @extend_schema_field({"type": "string", "enum": Link.Status.values})
    def get_status(self, row: Link) -> str:
        return row.status(timezone.now())

    @extend_schema_field({"type": "string", "enum": list(WORDS.values())})
    def get_protection(self, row: Link) -> str:
        return WORDS[row.protection]

    def get_has_passcode(self, row: Link) -> bool:
        return row.protection == Protection.PASSCODE


class LinkMade(LinkOut):
    sparse = False
    url = serializers.URLField(help_text="Shown this once.")


class ByStatus(Filter):
    def apply(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        return cast(LinkQuerySet, rows).in_status(value, timezone.now())


def with_last_download(rows: QuerySet[Any]) -> QuerySet[Any]:
    return cast(LinkQuerySet, rows).select_related("job").with_last_download()


class Links(V1View):
    scopes = {"GET": "links:read", "POST": "links:write"}
    query = Query(
        filters=(
            ByStatus("status", one_of(Link.Status.values), "In these states.", many=True),
            Filter("job", ID, "To the files of these jobs.", many=True),
            Filter("recipient", ID, "Sent to these recipients.", many=True),
        ),
        by="created_at",
        fields=LinkOut,
    )
    idempotency = V1View.OPTIONAL
    refuses = {
        "POST": (
            "file_not_ready",
            "file_gone",
            "job_held",
            "job_recalled",
            "link_invalid",
            "domain_not_allowed",
            "recipient_invalid",
            "unknown_reference",
        )
    }

    @extend_schema(operation_id="list_links")
    def get(self, request: Request) -> Response:
        """All links, those that schedules sent too."""
        with self.caller.scope():
            return self.get_page(Link.objects.for_tenant(self.caller.tenant), with_last_download)

    @extend_schema(
        operation_id="create_link",
        request=LinkIn,
        responses={201: LinkMade},
        examples=[OpenApiExample("For three days, with a passcode", EXAMPLE, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        """Make a link to the files of a job.

        Its `url` is shown this once, since only its hash is kept here. No mail is sent.
        """
        body = LinkIn.read(request)

        def act() -> Response:
            with renamed(PLACES):
                job = find_job(self.caller.tenant, body["job"])
                made = links.create(job, self.caller.actor, self._terms(body), now=timezone.now())
            return self._made(made)

        return self.create(act)

    def _terms(self, body: dict[str, Any]) -> Terms:
        who = body.get("recipient")
        return Terms(
            until=body.get("expires_at"),
            max_uses=body.get("max_uses"),
            protection=read_protection(body),
            passcode=body.get("passcode") or "",
            recipient=find_recipient(self.caller.tenant, who) if who else None,
        )

    def _made(self, made: NewLink) -> Response:
        row: Any = with_last_download(Link.objects.for_tenant(self.caller.tenant)).get(pk=made.link.pk)
        row.url = made.url
        return self.created(LinkMade(row), row, f"links/{row.pk}/")


class SingleLink(V1View):
    scopes = {"GET": "links:read"}
    query = Query(fields=LinkOut)

    @extend_schema(operation_id="get_link")
    def get(self, request: Request, link: str) -> Response:
        """A link."""
        with self.caller.scope():
            return self.get_single(self.get_object(with_last_download(Link.objects.for_tenant(self.caller.tenant)), link))


class RevokeLink(V1View):
    scopes = {"POST": "links:write"}

    @extend_schema(operation_id="revoke_link", request=None, responses={200: LinkOut})
    def post(self, request: Request, link: str) -> Response:
        """Revoke a link.

        It opens nothing any more. One that is revoked stays so.
        """
        Nothing.read(request)
        rows = Link.objects.for_tenant(self.caller.tenant)
        with self.caller.scope():
            found = self.get_object(rows.select_related("tenant"), link)
            links.revoke(found, self.caller.actor, now=timezone.now())
            return Response(LinkOut(with_last_download(rows).get(pk=found.pk)).data)


class RevokeIn(Body):
    """A job or a recipient, one of them."""

    job = Id(required=False)
    recipient = Id(required=False)


class RevokedOut(serializers.Serializer[object]):
    revoked = serializers.IntegerField(help_text="How many were not revoked before.")


class RevokeLinks(V1View):
    scopes = {"POST": "links:write"}
    refuses = {"POST": ("link_invalid", "unknown_reference")}

    @extend_schema(
        operation_id="revoke_links",
        request=RevokeIn,
        responses={200: RevokedOut},
        examples=[OpenApiExample("All of a job", {"job": EXAMPLE["job"]}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        """Revoke all links of a job, or to a recipient's address.

        Those that have ended too: their visitors could ask for new ones.
        """
        body = RevokeIn.read(request)
        with self.caller.scope():
            return Response({"revoked": links.revoke_all(self._which(body), self.caller.actor, now=timezone.now())})

    def _which(self, body: dict[str, Any]) -> LinkSet:
        if len(body) != 1:
            raise Refused("link_invalid", _("Name either a job or a recipient."))
        if "job" in body:
            return links.of_job(find_job(self.caller.tenant, body["job"]))
        return links.of_address(self.caller.tenant, find_recipient(self.caller.tenant, body["recipient"]).email)


def find_job(tenant: Tenant, pk: uuid.UUID) -> SnapshotJob:
    """Of a body. Raises Refused."""
    found = SnapshotJob.objects.for_tenant(tenant).visible().filter(pk=pk).first()
    if found is None:
        raise _unknown("job", _("There is no such job."))
    found.tenant = tenant
    return found


def find_recipient(tenant: Tenant, pk: uuid.UUID) -> Recipient:
    """Of a body. Raises Refused."""
    found = Recipient.objects.for_tenant(tenant).filter(pk=pk).first()
    if found is None:
        raise _unknown("recipient", _("There is no such recipient."))
    return found


def _unknown(name: str, detail: str) -> Refused:
    return Refused("unknown_reference", detail, (Place((name,), "does_not_exist", detail),))
