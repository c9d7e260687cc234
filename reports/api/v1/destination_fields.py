"""Destinations as API v1 takes and tells them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from reports.api.v1.body import Body, Resource
from reports.api.v1.fields import Choice, Instant, Text, Whole
from reports.delivery.channel import Step
from reports.delivery.failures import cause_of
from reports.destinations import checking
from reports.destinations.config import OUR_KEY, PASSWORD
from reports.destinations.making import MOST_NAME, MOST_SECRET
from reports.models import Destination

PORTS = (1, 65535)


class ConfigIn(Body):
    """By kind. sftp: `host`, `username`, and as you like `port`, `sign_in`, `host_key`, `folder`, `file_name`. s3: `bucket`, `region`,
    `role_arn`, and `owner_account`, `folder`, `file_name`. slack and teams: nothing."""

    host = Text(max_length=255, required=False)
    port = Whole(min_value=PORTS[0], max_value=PORTS[1], required=False, help_text="22, or one from 1024 on. Left out: 22.")
    username = Text(max_length=255, required=False)
    sign_in = Choice(choices=[PASSWORD, OUR_KEY], required=False, help_text="key: a pair that the portal makes; `public_key` has its half.")
    host_key = Text(max_length=2000, required=False, help_text="To pin, such as `ssh-ed25519 AAAA…`. Nothing is sent before one is.")
    bucket = Text(max_length=63, required=False)
    region = Text(max_length=32, required=False)
    role_arn = Text(max_length=600, required=False, help_text="Of the bucket's account; it trusts the portal with `external_id`.")
    owner_account = Text(max_length=12, allow_blank=True, required=False, help_text="Whose the bucket has to be. Empty: anybody's.")
    folder = Text(max_length=200, allow_blank=True, required=False, help_text="A pattern, such as `reports/{year}`.")
    file_name = Text(max_length=200, required=False, help_text="A pattern, such as `{report}_{date}_{time}.{ext}`.")


class DestinationChange(Body):
    name = Text(max_length=MOST_NAME, help_text="Unique.")
    config = ConfigIn(required=False)
    secret = Text(
        max_length=MOST_SECRET,
        required=False,
        write_only=True,
        help_text="The password, or a channel's webhook URL. Never shown again. An sftp server that moves needs it again.",
    )


class DestinationIn(DestinationChange):
    kind = Choice(choices=Destination.Kind.values)


class ConfigOut(serializers.Serializer[Any]):
    """What there is for its kind; the others are left out."""

    host = serializers.CharField(required=False)
    port = serializers.IntegerField(required=False)
    username = serializers.CharField(required=False)
    sign_in = serializers.ChoiceField(choices=[PASSWORD, OUR_KEY], required=False)
    public_key = serializers.CharField(required=False, help_text="Ours, for the server's operator. Empty: a password signs in.")
    host_key = serializers.CharField(required=False, help_text="Empty: none is pinned, and nothing is sent.")
    bucket = serializers.CharField(required=False)
    region = serializers.CharField(required=False)
    role_arn = serializers.CharField(required=False)
    external_id = serializers.CharField(required=False, help_text="Ours, for the role's trust policy. It stays the same.")
    owner_account = serializers.CharField(required=False)
    folder = serializers.CharField(required=False)
    file_name = serializers.CharField(required=False)

    def to_representation(self, value: dict[str, Any]) -> dict[str, Any]:
        return {name: value[name] for name in self._declared_fields if name in value}


class StepOut(serializers.Serializer[Any]):
    step = serializers.CharField(help_text="Stable.")
    state = serializers.ChoiceField(choices=[Step.OK, Step.FAILED, Step.SKIPPED])
    text = serializers.CharField()


class LastTestOut(serializers.Serializer[Any]):
    at = Instant()
    ok = serializers.BooleanField()
    text = serializers.CharField(help_text="What happened, for people.")


class DestinationTestOut(serializers.Serializer[Any]):
    ok = serializers.BooleanField()
    text = serializers.CharField(help_text="What happened, for people.")
    duration_s = serializers.FloatField()
    steps = StepOut(many=True)


class DestinationFailureOut(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Stable; more may come.")
    message = serializers.CharField()


class DestinationOut(Resource):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Destination.Kind.values)
    name = serializers.CharField()
    config = ConfigOut()
    secret_set_at = Instant(allow_null=True, help_text="null: it needs none.")
    status = serializers.ChoiceField(
        choices=Destination.Status.values,
        help_text="failing: deliveries go on being tried. stopped: nothing is sent until a test has passed.",
    )
    failure = serializers.SerializerMethodField(help_text="The last one. null: it works, or nothing was tried.")
    failing_since = Instant(allow_null=True)
    last_test = serializers.SerializerMethodField(help_text="null: it was not tested as it is now.")
    last_sent_at = Instant(allow_null=True)
    created_at = Instant()
    updated_at = Instant()
    version = serializers.IntegerField(help_text="The ETag has it too.")

    @extend_schema_field(DestinationFailureOut(allow_null=True))
    def get_failure(self, row: Destination) -> Any:
        return {"code": row.failure_code, "message": str(cause_of(row.failure_code).message)} if row.failure_code else None

    @extend_schema_field(LastTestOut(allow_null=True))
    def get_last_test(self, row: Destination) -> Any:
        told = row.last_test or {}
        return LastTestOut(told | {"at": datetime.fromisoformat(told["at"])}).data if "at" in told else None


def members_of(row: Destination) -> dict[str, Any]:
    """What people set of it."""
    return {name: row.config[name] for name in checking.DEFAULTS[row.kind] if name in row.config}
