"""The OpenAPI document: what each operation takes beside its body, what it answers when it cannot do what it was asked, and its address."""

from __future__ import annotations

import inspect
import re
from functools import cache
from typing import Any, Literal

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api.v1 import idempotency
from reports.api.v1.body import Body, Resource
from reports.api.v1.codes import KINDS
from reports.api.v1.problems import MEDIA_TYPE
from reports.api.v1.view import V1View

BODIES = ("POST", "PATCH")
ALWAYS = frozenset({400, 401, 403, 405, 406, 429, 500, 503})
OF_BODIES = frozenset({413, 415})
# Said where they can happen, by the views; those of other statuses can happen wherever their status does.
NAMED = frozenset({404, 409, 410, 412, 422})
OF_PAGES, OF_IDEMPOTENCY, OF_VERSIONS = ("invalid_cursor",), ("idempotency_in_progress", "idempotency_key_reused"), ("stale_version",)
VARIABLE = re.compile(r"{(\w+)}")
OF_EVERY_CLASS = (inspect.getdoc(Resource), inspect.getdoc(Body))
STORABLE = "^[^\\u0000]*$"
SLUG = {"type": "string", "maxLength": 80, "pattern": "^[-a-zA-Z0-9_]+$"}


class PlaceOut(serializers.Serializer[object]):
    code = serializers.CharField()
    detail = serializers.CharField()
    pointer = serializers.CharField(required=False, help_text="In the body, as RFC 6901 has it.")
    parameter = serializers.CharField(required=False, help_text="In the query or a header.")


class ProblemOut(serializers.Serializer[object]):
    """RFC 9457. Branch on `code`; texts may change."""

    type = serializers.URLField()
    title = serializers.CharField()
    status = serializers.IntegerField(min_value=400, max_value=599)
    code = serializers.ChoiceField(choices=sorted(KINDS))
    detail = serializers.CharField()
    request_id = serializers.CharField(help_text="Tell it to support.")
    errors = PlaceOut(many=True, required=False)  # type: ignore[assignment]


@cache
def page_of(fields: type[Resource]) -> serializers.Serializer[Any]:
    """The answer of a list."""
    name = f"{fields.__name__.removesuffix('Out')}Page"
    members: dict[str, serializers.Field[Any, Any, Any, Any]] = {
        "results": fields(many=True),
        "next": serializers.URLField(allow_null=True, help_text="The page after this one; null: there is none."),
        "previous": serializers.URLField(allow_null=True, help_text="The page before this one; null: there is none."),
    }
    return inline_serializer(name, members)


class Schema(AutoSchema):
    """A handler's docstring is what the document says of it: its first line the summary."""

    view: V1View  # type: ignore[override]

    def get_summary(self) -> str:
        return self._told().partition("\n")[0].rstrip(".")

    def get_description(self) -> str:  # type: ignore[override]
        """Of the handler itself: what the classes above say is for their readers."""
        scope = self.view.scopes[self.method]
        needs = f"Needs the scope `{scope}`." if scope else "Any valid key may."
        return f"{self._told().partition(chr(10))[2].strip()}\n\n{needs}".strip()

    def _told(self) -> str:
        return inspect.cleandoc(getattr(self.view, self.method.lower()).__doc__ or "")

    def map_renderers(self, attribute: str) -> list[Any]:
        return [getattr(self.view.renderer_classes[0], attribute)]

    def get_auth(self) -> list[dict[str, list[str]]]:
        return [{"bearer": []}]

    def get_response_serializers(self) -> Any:
        query = self.view.query
        if self.method != "GET" or query.fields is None:
            return super().get_response_serializers()
        return page_of(query.fields) if query.by else query.fields

    def get_override_parameters(self) -> list[Any]:
        found = [_of_path(name) for name in VARIABLE.findall(self.path)]
        if self.method == "GET":
            found += [_of_query(parameter.document()) for parameter in self.view.query.parameters()]
        if self.method == "GET" and self._answers_one():
            found.append(_of_header("If-None-Match", "An ETag that you have: 304 if it is still so."))
        if self.method == "POST" and self.view.idempotency:
            told = "The same value with the same request does it once, for 24 hours."
            required = self.view.idempotency == V1View.REQUIRED
            found.append(_of_header(idempotency.HEADER, told, idempotency.MAX_LENGTH, required=required, pattern="^[!-~]+$"))
        if self.method in ("PATCH", "DELETE") and self.view.versioned:
            found.append(_of_header("If-Match", "Only if its ETag is still this one."))
        return found

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        if self.method == "GET" and self._answers_one():
            bodies["304"] = {"description": "It is as you have it."}
        codes = self._codes()
        for status in sorted({int(KINDS[code].status) for code in codes}):
            told = ", ".join(f"`{code}`" for code in codes if KINDS[code].status == status)
            described = OpenApiResponse(ProblemOut, told)
            bodies.setdefault(str(status), self._get_response_for_code(described, str(status), [MEDIA_TYPE], direction))
        # Said by the HTTP server, before the portal has the request.
        bodies["414"] = {"description": "The address is too long."}
        return dict(sorted(bodies.items()))

    def _answers_one(self) -> bool:
        """With a version."""
        return bool(self.view.versioned and not self.view.query.by)

    def _codes(self) -> list[str]:
        """What this operation may answer instead."""
        view, statuses = self.view, set(ALWAYS)
        named = set(view.refuses.get(self.method, ()))
        if self.method in BODIES:
            statuses |= OF_BODIES
        if "{" in self.path:
            named.add("not_found")
        if self.method == "GET" and view.query.by:
            named.update(OF_PAGES)
        if self.method == "POST" and view.idempotency:
            named.update(OF_IDEMPOTENCY)
        if self.method in ("PATCH", "DELETE") and view.versioned:
            named.update(OF_VERSIONS)
        return [code for code, kind in KINDS.items() if code in named or (kind.status in statuses and kind.status not in NAMED)]


def _of_path(name: str) -> OpenApiParameter:
    return OpenApiParameter(name, SLUG if name == "report" else OpenApiTypes.UUID, OpenApiParameter.PATH)


def _of_query(told: dict[str, Any]) -> OpenApiParameter:
    shape = {name: told[name] for name in ("explode", "style") if name in told}
    return OpenApiParameter(told["name"], told["schema"], OpenApiParameter.QUERY, description=told["description"], **shape)


def _of_header(name: str, told: str, most: int | None = None, *, required: bool = False, pattern: str = "") -> OpenApiParameter:
    schema: dict[str, Any] = {"type": "string"} | ({"minLength": 1, "maxLength": most, "pattern": pattern} if most else {})
    return OpenApiParameter(name, schema, OpenApiParameter.HEADER, required=required, description=told)


def as_strict_as_the_code(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """The last step of making the document: what bodies do not take, and what may be missing of an answer that was asked for in part."""
    sparse = {fields.__name__ for fields in _subclasses(Resource) if fields.sparse}
    for name, part in result["components"]["schemas"].items():
        is_body = name.endswith("Request") and part.get("type") == "object"
        if is_body:
            part.setdefault("additionalProperties", False)
        if part.get("description") in OF_EVERY_CLASS:
            del part["description"]
        if name in sparse:
            part["required"] = ["id"]
        if is_body or "propertyNames" in part:
            _hold_to_storable(part)
        for field in part.get("properties", {}).values():
            _settle(field)
    _forget(result)
    return result


def _forget(part: Any) -> None:
    """A mark of the library's own, which it leaves where enums have no components."""
    if isinstance(part, dict):
        part.pop("x-spec-enum-id", None)
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _forget(inner)


def _settle(field: dict[str, Any]) -> None:
    if "enum" in field and "null" in _types(field) and None not in field["enum"]:
        field["enum"].append(None)


def _hold_to_storable(schema: dict[str, Any]) -> None:
    """Each text in it, however deep, and the names of members that callers choose."""
    if "string" in _types(schema) and not {"pattern", "format", "enum"} & set(schema):
        schema["pattern"] = STORABLE
    if "propertyNames" in schema:
        schema["propertyNames"].setdefault("pattern", STORABLE)
    inside = (*schema.get("properties", {}).values(), *schema.get("oneOf", ()), schema.get("items"), schema.get("additionalProperties"))
    for inner in inside:
        if isinstance(inner, dict):
            _hold_to_storable(inner)


def _types(schema: dict[str, Any]) -> list[str]:
    return [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])


def _subclasses(of: type[Any]) -> list[type[Any]]:
    return [one for direct in of.__subclasses__() for one in (direct, *_subclasses(direct))]


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
