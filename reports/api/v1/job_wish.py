"""What a job may be asked for with, alone or as a line of a batch."""

from __future__ import annotations

from rest_framework import serializers

from reports.api.v1.body import Body
from reports.api.v1.fields import Choice, Metadata, Parameters, Slug, Text
from reports.caller_notes import MAX_REFERENCE
from reports.jobs import LANES
from reports.models import Format
from reports.models.catalogue import MAX_VISUALS

MOST_VISUAL = 512


class JobWish(Body):
    report = Slug(help_text="Of a report that /reports/ lists.")
    formats = serializers.ListField(child=Choice(choices=Format.values), min_length=1, max_length=len(Format.values))
    visuals = serializers.ListField(
        child=Text(max_length=MOST_VISUAL),
        min_length=1,
        max_length=MAX_VISUALS,
        allow_null=True,
        required=False,
        help_text="For CSV and Excel. null: all of the report's.",
    )
    parameters = Parameters(required=False, help_text="By name. What is left out takes the report's default.")
    reference = Text(max_length=MAX_REFERENCE, allow_blank=True, allow_null=True, required=False, help_text="Yours, shown back.")
    metadata = Metadata(required=False, help_text="Yours, shown back.")
    lane = Choice(choices=list(LANES), default="scheduled", help_text="now: before what is scheduled.")
