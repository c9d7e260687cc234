"""`/reports/`: what the company may run. No account, dashboard or dataset is named."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import translation
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api.v1.body import Resource
from reports.api.v1.fields import Values
from reports.api.v1.query import Query
from reports.api.v1.view import V1View
from reports.failures import cause_of
from reports.models import Format, Grant, ReportParameter
from reports.usual import usual_seconds
from tenants.secrets import is_storable

EXAMPLE = {
    "id": "daily-calls",
    "slug": "daily-calls",
    "name": "Daily call volume",
    "description": "Calls of each property, by hour.",
    "formats": ["PDF", "CSV", "EXCEL"],
    "parameters": [
        {
            "name": "Region",
            "type": "string",
            "multiple": True,
            "required": False,
            "choices": ["North", "South"],
            "default": ["North"],
            "pinned": False,
        }
    ],
    "visuals": ["table-1", "pivot-1"],
    "available": True,
    "unavailable_reason": None,
    "typical_duration_s": 82.0,
}


class ParameterOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    type = serializers.ChoiceField(choices=ReportParameter.Type.values)
    multiple = serializers.BooleanField(help_text="Whether it takes several values.")
    # Fields have attributes of these two names that mean something else.
    vars()["required"] = serializers.BooleanField(help_text="Whether it has to be sent.")
    vars()["default"] = Values(allow_null=True, help_text="Taken where none is sent; of a pinned one its value. null: there is none.")
    choices = Values(allow_null=True, help_text="null: any value.")
    pinned = serializers.BooleanField(help_text="Fixed by the platform: it cannot be sent.")


class ReportOut(Resource):
    id = serializers.SlugField(source="report.slug", help_text="Its slug: what a job names.")
    slug = serializers.SlugField(source="report.slug")
    name = serializers.CharField(source="report.name")
    description = serializers.CharField(source="report.description", allow_blank=True)
    formats = serializers.ListField(child=serializers.ChoiceField(choices=Format.values), source="report.formats")
    parameters = serializers.SerializerMethodField()
    visuals = serializers.ListField(child=serializers.CharField(), source="report.visual_ids", help_text="What CSV and Excel are made of.")
    available = serializers.SerializerMethodField(help_text="Whether it can run now.")
    unavailable_reason = serializers.SerializerMethodField()
    typical_duration_s = serializers.SerializerMethodField(help_text="The middle of its last runs. null: it has not run.")

    @extend_schema_field(ParameterOut(many=True))
    def get_parameters(self, row: Grant) -> Any:
        return ParameterOut([_parameter(row, one) for one in row.report.parameters.all()], many=True).data

    def get_available(self, row: Grant) -> bool:
        return not row.report.is_refused

    @extend_schema_field({"type": ["string", "null"]})
    def get_unavailable_reason(self, row: Grant) -> str | None:
        if not row.report.is_refused:
            return None
        with translation.override("en"):
            return row.report.preflight_detail or str(cause_of(row.report.preflight_code).message)

    @extend_schema_field({"type": ["number", "null"]})
    def get_typical_duration_s(self, row: Grant) -> float | None:
        return self.context["usual"].get(row.report_id)


def _parameter(grant: Grant, of: ReportParameter) -> dict[str, Any]:
    pinned = of.name in grant.parameters
    default = grant.parameters[of.name] if pinned else of.default
    return {
        "name": of.name,
        "type": of.type,
        "multiple": of.multiple,
        "required": not pinned and default is None,
        "choices": of.choices,
        "default": default if default is None or isinstance(default, list) else [default],
        "pinned": pinned,
    }


class ReportView(V1View):
    def grants(self) -> QuerySet[Grant]:
        return Grant.objects.for_tenant(self.caller.tenant).active().with_report()

    def usual(self, grants: list[Any]) -> dict[str, Any]:
        return {"usual": usual_seconds(self.caller.tenant, [grant.report_id for grant in grants])}


class Reports(ReportView):
    scopes = {"GET": ""}
    query = Query(by="created_at", fields=ReportOut)

    @extend_schema(operation_id="list_reports")
    def get(self, request: Request) -> Response:
        """What your company may run."""
        with self.caller.scope():
            usual: dict[str, Any] = {}
            return self.get_page(self.grants(), dress=lambda rows: usual.update(self.usual(rows)["usual"]), usual=usual)


class SingleReport(ReportView):
    scopes = {"GET": ""}
    query = Query(fields=ReportOut)

    @extend_schema(operation_id="get_report", examples=[OpenApiExample("Daily calls", EXAMPLE, response_only=True)])
    def get(self, request: Request, report: str) -> Response:
        """A report, with its parameters."""
        with self.caller.scope():
            found = self.grants().filter(report__slug=report).first() if is_storable(report) else None
            if found is None:
                raise NotFound
            return self.get_single(found, **self.usual([found]))
