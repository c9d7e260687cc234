"""Fields of the API's answers that REST framework would write another way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers


class Instant(serializers.DateTimeField):
    """RFC 3339 in UTC with six decimals, whatever zone is active."""

    def to_representation(self, value: datetime) -> Any:
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
