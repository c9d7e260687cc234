"""`/recipients/`: the company's address book."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reports.address_book import people
from reports.address_book.listing import STOPPED, with_facts
from reports.address_book.people import Person
from reports.api.v1 import etags
from reports.api.v1.body import Body, Resource
from reports.api.v1.fields import Choice, Instant, Text
from reports.api.v1.query import FLAG, NO_COMMA, Filter, Query, text
from reports.api.v1.view import V1View
from reports.models import Delivery, Recipient, Suppression

Reason = Suppression.Reason
REFUSES = ("recipient_exists", "recipient_invalid", "domain_not_allowed", "quota_exceeded")
EXAMPLE = {"name": "Night desk", "email": "desk@acme.example", "language": "de", "external_id": "crm-17"}


class RecipientIn(Body):
    email = Text(max_length=254)
    name = Text(max_length=120, allow_blank=True, required=False, default="")
    language = Choice(choices=[code for code, _ in settings.LANGUAGES], allow_null=True, required=False, help_text="null: the company's.")
    external_id = Text(max_length=200, allow_null=True, required=False, help_text="Your own, unique among your recipients.")


class RecipientOut(Resource):
    id = serializers.UUIDField()
    name = serializers.CharField()
    email = serializers.EmailField()
    language = serializers.SerializerMethodField(help_text="null: the company's.")
    external_id = serializers.SerializerMethodField()
    unsubscribed_at = Instant(allow_null=True, help_text="Nothing is sent there since. null: they did not stop it.")
    bounced_at = Instant(allow_null=True, help_text="Nothing is sent there since. null: it did not bounce.")
    last_delivery_at = Instant(allow_null=True)
    last_download_at = Instant(allow_null=True, help_text="By a link that was sent to them.")
    created_at = Instant()
    updated_at = Instant()
    version = serializers.IntegerField(help_text="The ETag has it too.")

    def get_language(self, row: Recipient) -> str | None:
        return row.language or None

    def get_external_id(self, row: Recipient) -> str | None:
        return row.external_id or None


class ByStanding(Filter):
    """Whether they stopped their mails themselves."""

    def apply(self, rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
        stopped = Exists(Suppression.objects.named().filter(tenant=OuterRef("tenant"), email=OuterRef("email"), reason__in=STOPPED))
        return rows.filter(stopped if value else ~stopped)


def with_standing(rows: QuerySet[Any]) -> QuerySet[Any]:
    """What an answer tells of each beside the row itself."""
    stopped = Suppression.objects.named().filter(tenant=OuterRef("tenant"), email=OuterRef("email"))
    sent = Delivery.objects.filter(tenant=OuterRef("tenant"), address=OuterRef("email")).exclude(sent_at=None).order_by("-created_at")
    return with_facts(rows).annotate(
        unsubscribed_at=Subquery(stopped.exclude(reason=Reason.BOUNCED).values("at")[:1]),
        bounced_at=Subquery(stopped.filter(reason=Reason.BOUNCED).values("at")[:1]),
        last_delivery_at=Subquery(sent.values("sent_at")[:1]),
    )


class Recipients(V1View):
    scopes = {"GET": "audiences:read", "POST": "audiences:write"}
    query = Query(
        filters=(
            Filter("email", text(254, pattern=NO_COMMA), "Of these addresses.", many=True),
            Filter("external_id", text(200), "With this id of yours."),
            ByStanding("unsubscribed", FLAG, "Whether they stopped their mails."),
        ),
        by="created_at",
        fields=RecipientOut,
    )
    idempotency = V1View.OPTIONAL
    versioned = True
    refuses = {"POST": REFUSES}

    @extend_schema(operation_id="list_recipients")
    def get(self, request: Request) -> Response:
        """The address book."""
        with self.caller.scope():
            return self.get_page(Recipient.objects.for_tenant(self.caller.tenant), with_standing)

    @extend_schema(
        operation_id="create_recipient",
        request=RecipientIn,
        responses={201: RecipientOut},
        examples=[OpenApiExample("A desk", EXAMPLE, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        """Add a recipient."""
        wanted = _person(RecipientIn.read(request))

        def act() -> Response:
            made = people.add(self.caller.tenant, self.caller.actor, wanted, now=timezone.now())
            row = _read(made)
            return self.created(RecipientOut(row), row, f"recipients/{row.pk}/")

        return self.create(act)


class SingleRecipient(V1View):
    scopes = {"GET": "audiences:read", "PATCH": "audiences:write", "DELETE": "audiences:write"}
    query = Query(fields=RecipientOut)
    versioned = True
    refuses = {"PATCH": REFUSES}

    @extend_schema(operation_id="get_recipient")
    def get(self, request: Request, recipient: str) -> Response:
        """A recipient."""
        with self.caller.scope():
            return self.get_single(self.get_object(with_standing(self._rows()), recipient))

    @extend_schema(operation_id="change_recipient", request=RecipientIn, responses=RecipientOut)
    def patch(self, request: Request, recipient: str) -> Response:
        """Change a recipient.

        What is left out stays as it is. A new address counts from the next run on; links that were sent stay with the old one.
        """
        changes = RecipientIn.read(request, partial=True)
        with self.caller.scope():
            row = etags.hold(request, self._rows(), self.get_object(self._rows(), recipient))
            people.change(row, self.caller.actor, _person(_now(row) | changes), now=timezone.now())
            return self.get_single(_read(row))

    @extend_schema(operation_id="delete_recipient", responses={204: None})
    def delete(self, request: Request, recipient: str) -> Response:
        """Take a recipient out of the book, all groups and all audiences.

        What was sent to them stays in the history, and links that they have go on working until they are revoked.
        """
        with self.caller.scope():
            row = etags.hold(request, self._rows(), self.get_object(self._rows(), recipient))
            people.remove(row, self.caller.actor, revoke_links=False, now=timezone.now())
        return Response(status=204)

    def _rows(self) -> QuerySet[Recipient]:
        return Recipient.objects.for_tenant(self.caller.tenant)


def _read(row: Recipient) -> Any:
    return with_standing(Recipient.objects.filter(tenant=row.tenant_id)).get(pk=row.pk)


def _now(row: Recipient) -> dict[str, Any]:
    return {"email": row.email, "name": row.name, "language": row.language, "external_id": row.external_id}


def _person(values: dict[str, Any]) -> Person:
    return Person(values["email"], values["name"], values.get("language") or "", external_id=values.get("external_id") or "")
