"""`/destinations/`: servers, buckets and channels that get files, or a link to them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api.v1 import etags
from reports.api.v1.body import Nothing
from reports.api.v1.destination_fields import DestinationChange, DestinationIn, DestinationOut, DestinationTestOut, members_of
from reports.api.v1.query import Filter, Query, one_of
from reports.api.v1.view import V1View
from reports.destinations import changing, checking, host_keys, making, removing, testing
from reports.destinations.making import Wanted
from reports.models import Destination
from reports.refused import Refused

INVALID = ("address_refused", "destination_invalid", "destination_exists")
CONFIG = {"host": "sftp.acme.example", "port": 22, "username": "reports", "sign_in": "password", "folder": "/in/{report}"}
EXAMPLE = {"kind": "sftp", "name": "Head office", "config": CONFIG, "secret": "correct horse battery staple"}
BUCKET = {
    "kind": "s3",
    "name": "Lake",
    "config": {
        "bucket": "acme-lake",
        "region": "eu-central-1",
        "role_arn": "arn:aws:iam::210987654321:role/reports-writer",
        "owner_account": "210987654321",
        "folder": "reports/{year}",
    },
}
SLACK = {"kind": "slack", "name": "Sales channel", "secret": "https://hooks.slack.com/services/EXAMPLE"}
ANSWER = {
    "id": "0e3c2a9b-6a52-4b0f-8d67-1a4b7d1f2c90",
    "kind": "sftp",
    "name": "Head office",
    "config": CONFIG | {"file_name": "{report}_{date}_{time}.{ext}", "public_key": "", "host_key": ""},
    "secret_set_at": "2026-11-23T06:00:02.317261Z",
    "status": "untested",
    "failure": None,
    "failing_since": None,
    "last_test": None,
    "last_sent_at": None,
    "created_at": "2026-11-23T06:00:02.317261Z",
    "updated_at": "2026-11-23T06:00:02.317261Z",
    "version": 1,
}
STEP = {"step": "message", "state": "ok", "text": "a test message was posted"}
PASSED = {"ok": True, "text": "It works.", "duration_s": 0.42, "steps": [STEP]}


class Destinations(V1View):
    scopes = {"GET": "destinations:read", "POST": "destinations:write"}
    query = Query(
        filters=(
            Filter("kind", one_of(Destination.Kind.values), "Of these kinds.", many=True),
            Filter("status", one_of(Destination.Status.values), "In these states.", many=True),
        ),
        by="created_at",
        fields=DestinationOut,
    )
    idempotency = V1View.OPTIONAL
    versioned = True
    refuses = {"POST": (*INVALID, "destination_limit")}

    @extend_schema(operation_id="list_destinations")
    def get(self, request: Request) -> Response:
        """All destinations."""
        with self.caller.scope():
            return self.get_page(Destination.objects.for_tenant(self.caller.tenant))

    @extend_schema(
        operation_id="create_destination",
        request=DestinationIn,
        responses={201: DestinationOut},
        examples=[
            OpenApiExample("An SFTP server", EXAMPLE, request_only=True),
            OpenApiExample("A bucket", BUCKET, request_only=True),
            OpenApiExample("A channel", SLACK, request_only=True),
            OpenApiExample("Made", ANSWER, response_only=True),
        ],
    )
    def post(self, request: Request) -> Response:
        """Add a destination.

        Test it before a schedule uses it. An sftp server gets nothing until its `host_key` is pinned; a bucket's role has to trust the
        portal with the `external_id` of the answer. A company has 50 at most.
        """
        body = DestinationIn.read(request)
        config = dict(body.get("config", {}))
        wanted = Wanted(body["name"], config, body.get("secret"), config.pop("host_key", ""))
        refused = _reach(body["kind"], config, wanted.secret)

        def act() -> Response:
            # Said here, so that a request which was answered before is answered alike, whatever its name leads to by now.
            if refused is not None:
                raise refused
            made = making.create(self.caller.tenant, self.caller.actor, body["kind"], wanted, now=timezone.now())
            return self.created(DestinationOut(made), made, f"destinations/{made.pk}/")

        return self.create(act)


class DestinationView(V1View):
    """Of one."""

    def rows(self) -> QuerySet[Destination]:
        return Destination.objects.for_tenant(self.caller.tenant)

    def found(self, destination: str) -> Destination:
        """In the caller's scope."""
        return self.get_object(self.rows(), destination)


class SingleDestination(DestinationView):
    scopes = {"GET": "destinations:read", "PATCH": "destinations:write", "DELETE": "destinations:write"}
    query = Query(fields=DestinationOut)
    versioned = True
    refuses = {"PATCH": INVALID, "DELETE": ("in_use",)}

    @extend_schema(operation_id="get_destination", examples=[OpenApiExample("New", ANSWER, response_only=True)])
    def get(self, request: Request, destination: str) -> Response:
        """A destination."""
        with self.caller.scope():
            return self.get_single(self.found(destination))

    @extend_schema(
        operation_id="change_destination",
        request=DestinationChange,
        responses=DestinationOut,
        examples=[OpenApiExample("Pin the host key", {"config": {"host_key": "ssh-ed25519 AAAAC3EXAMPLE"}}, request_only=True)],
    )
    def patch(self, request: Request, destination: str) -> Response:
        """Change a destination, or pin the host key of its server.

        What is left out stays as it is, the secret too; but another `host` or `port` needs the password again, and drops the pinned
        host key. What waits goes to the new place.
        """
        body = DestinationChange.read(request, partial=True)
        config = dict(body.get("config", {}))
        pinned = config.pop("host_key", "")
        with self.caller.scope():
            seen = self.found(destination)
        if (refused := _reach(seen.kind, members_of(seen) | config, body.get("secret"))) and (config or body.get("secret")):
            raise refused
        with self.caller.scope():
            row = etags.hold(request, self.rows(), self.found(destination))
            row.tenant = self.caller.tenant
            wanted = Wanted(body.get("name", row.name), members_of(row) | config, body.get("secret"))
            changing.change(row, self.caller.actor, wanted, now=timezone.now())
            if pinned:
                host_keys.pin(row, self.caller.actor, pinned, now=timezone.now())
            return self.get_single(row)

    @extend_schema(operation_id="delete_destination", responses={204: None})
    def delete(self, request: Request, destination: str) -> Response:
        """Delete a destination that no schedule uses.

        What waits for it is given up; what arrived stays in the history.
        """
        with self.caller.scope():
            row = etags.hold(request, self.rows(), self.found(destination))
            removing.remove(row, self.caller.actor, now=timezone.now())
        return Response(status=204)


class TestDestination(DestinationView):
    scopes = {"POST": "destinations:write"}
    refuses = {"POST": ("test_running",)}

    @extend_schema(
        operation_id="test_destination",
        request=None,
        responses={200: DestinationTestOut},
        examples=[OpenApiExample("It works", PASSED, response_only=True)],
    )
    def post(self, request: Request, destination: str) -> Response:
        """Try out each step that a delivery needs.

        200 whatever came of it. A passed one lets a stopped destination go on: what waits for it is sent.
        """
        Nothing.read(request)
        with self.caller.scope():
            found = self.found(destination)
        told: dict[str, Any] | None = testing.test(found, self.caller.actor, timezone.now)
        if told is None:
            raise NotFound
        return Response(DestinationTestOut(told | {"duration_s": told["seconds"]}).data)


def _reach(kind: str, config: dict[str, Any], secret: str | None) -> Refused | None:
    """Outside any scope: it asks the domain name system. What does not fit otherwise is said by the domain."""
    if kind == Destination.Kind.SFTP and "host" not in config:
        return None
    try:
        checking.reach(kind, config, secret)
    except Refused as refused:
        return refused
    return None
