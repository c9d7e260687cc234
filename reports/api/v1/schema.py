"""The OpenAPI document: what each operation answers when it cannot do what it was asked, and the address it is read at."""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any, Literal

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api.v1.problems import KINDS, MEDIA_TYPE
from reports.api.v1.view import V1View

BODIES = ("POST", "PATCH")
OF_BODIES = (413, 415)
ALWAYS = (400, 401, 403, 405, 406, 429, 500, 503)


class PlaceOut(serializers.Serializer[object]):
    code = serializers.CharField()
    detail = serializers.CharField()
    parameter = serializers.CharField(help_text="In the query or a header.")


class ProblemOut(serializers.Serializer[object]):
    """RFC 9457. Branch on `code`; texts may change."""

    type = serializers.URLField()
    title = serializers.CharField()
    status = serializers.IntegerField(min_value=400, max_value=599)
    code = serializers.ChoiceField(choices=sorted(KINDS))
    detail = serializers.CharField()
    request_id = serializers.CharField(help_text="Tell it to support.")
    errors = PlaceOut(many=True, required=False)  # type: ignore[assignment]


class Schema(AutoSchema):
    def get_description(self) -> str:  # type: ignore[override]
        """Of the handler itself: what the classes above say is for their readers."""
        return inspect.cleandoc(getattr(self.view, self.method.lower()).__doc__ or "")

    def map_renderers(self, attribute: str) -> list[Any]:
        return [getattr(self.view.renderer_classes[0], attribute)]

    def get_auth(self) -> list[dict[str, list[str]]]:
        return [{"bearer": []}]

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        statuses = [*ALWAYS, *(OF_BODIES if self.method in BODIES else ()), *((404,) if "{" in self.path else ())]
        for status in sorted(statuses):
            described = OpenApiResponse(ProblemOut, self._codes(status))
            bodies.setdefault(str(status), self._get_response_for_code(described, str(status), [MEDIA_TYPE], direction))
        return bodies

    def _codes(self, status: int) -> str:
        return ", ".join(f"`{code}`" for code, kind in KINDS.items() if kind.status == status)


@cache
def document() -> Any:
    """Made once a process: it is the same for everybody."""
    return SchemaGenerator().get_schema(request=None, public=True)


class Document(V1View):
    """Open to everybody: it tells what the product's own documentation tells, and nothing of a tenant."""

    scopes = {"GET": ""}
    schema = None

    def get_authenticators(self) -> list[Any]:
        return []

    def get_permissions(self) -> list[Any]:
        return []

    def get(self, request: Request) -> Response:
        return Response(document())
