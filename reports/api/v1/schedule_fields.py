"""A schedule as a body and as an answer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from reports import scheduling
from reports.api.v1.body import Body, Resource
from reports.api.v1.fields import Choice, Day, Id, Instant, LocalInstant, Minute, Parameters, Slug, Text, Truth, Whole
from reports.api.v1.protection import WORDS, read_protection
from reports.destinations.making import MOST as MOST_DESTINATIONS
from reports.links.making import LONGEST_PASSCODE, MOST_DAYS, MOST_USES, SHORTEST_PASSCODE
from reports.models import Audience, AudienceDestination, AudienceRecipient, Format, Occurrence, Protection, Schedule
from reports.models.catalogue import MAX_VISUALS
from reports.occurrences import load
from reports.schedules.addressees import MAX_PEOPLE
from reports.schedules.checks import (
    MAX_CONTAINED,
    MAX_COPIES,
    MAX_MESSAGE,
    MAX_NAME,
    MAX_SUBJECT,
    MOST_HOLD_HOURS,
    MOST_PERCENT,
    MOST_REMINDER_DAYS,
)
from reports.schedules.editing import DEFAULT_AUDIENCE
from reports.schedules.figures import with_punctuality
from tenants.models import Tenant

# Members of the body that the domain has under the same name.
SAME = (
    "slug",
    "name",
    "report",
    "formats",
    "parameters",
    "cron",
    "timezone",
    "starts_on",
    "ends_on",
    "missed",
    "ready_by",
    "attach",
    "skip_if_empty",
    "tell_owner",
    "remind_after_days",
    "receipts",
    "subject",
    "message",
    "cc",
)
# Members of `release`, as the domain has them.
GATE = {"mode": "release", "usual_percent": "usual_percent", "must_contain": "must_contain", "hold_hours": "hold_hours"}
# The domain's names, and where that stands in the body.
PLACES = {
    "visual_ids": ("visuals",),
    "link_days": ("link", "expires_in_days"),
    "link_max_uses": ("link", "max_uses"),
    "link_protection": ("link", "protection"),
    "passcode": ("link", "passcode"),
} | {name: ("release", member) for member, name in GATE.items()}


class ScheduleLinkIn(Body):
    expires_in_days = Whole(min_value=1, max_value=MOST_DAYS, allow_null=True, required=False, help_text="null: as the company has it.")
    max_uses = Whole(min_value=1, max_value=MOST_USES, allow_null=True, required=False, help_text="null: as the company has it.")
    protection = Choice(choices=list(WORDS.values()), required=False, help_text="What a link asks for beside being opened.")
    passcode = Text(
        min_length=SHORTEST_PASSCODE,
        max_length=LONGEST_PASSCODE,
        required=False,
        write_only=True,
        help_text="That you give out yourself, one for all links of the schedule. It makes `protection` passcode. Never shown again.",
    )


class ScheduleReleaseIn(Body):
    mode = Choice(
        choices=list(Schedule.Release.values),
        required=False,
        help_text="`if_usual`: files that look unusual are held; `by_hand`: all are, for somebody to look.",
    )
    usual_percent = Whole(
        min_value=1,
        max_value=MOST_PERCENT,
        required=False,
        help_text="So far from the median of the last 10 files, in size, pages or rows, is usual.",
    )
    must_contain = Text(
        max_length=MAX_CONTAINED, allow_blank=True, required=False, help_text="A text that every file has to show. Empty: none."
    )
    hold_hours = Whole(
        min_value=1, max_value=MOST_HOLD_HOURS, required=False, help_text="What nobody released by then is not sent, now or later."
    )


class ScheduleChange(Body):
    name = Text(max_length=MAX_NAME, allow_blank=True, required=False, help_text="Empty: the report's.")
    report = Slug()
    formats = serializers.ListField(child=Choice(choices=list(Format.values)), min_length=1, max_length=len(Format.values))
    visuals = serializers.ListField(
        child=Text(max_length=512),
        min_length=1,
        max_length=MAX_VISUALS,
        allow_null=True,
        required=False,
        help_text="Of CSV and Excel. null: all of the report's.",
    )
    parameters = Parameters(required=False, help_text="Replaced whole. Relative periods are worked out for each planned instant.")
    cron = Text(max_length=120, help_text="Five fields such as `30 7 * * 1-5`, or `@daily`; on the clock of `timezone`.")
    timezone = Text(max_length=64, required=False, help_text="An IANA name. Left out: the company's.")
    starts_on = Day(allow_null=True, required=False, help_text="The first day, in the zone. null: at once.")
    ends_on = Day(allow_null=True, required=False, help_text="The last day, in the zone. null: never.")
    missed = Choice(choices=list(Schedule.Missed.values), required=False, help_text="What becomes of runs that the portal missed.")
    ready_by = Minute(allow_null=True, required=False, help_text="A promise, in the zone. null: there is none.")
    paused = Truth(required=False)
    recipients = serializers.ListField(
        child=Id(), max_length=MAX_PEOPLE, required=False, help_text="Who gets all of the company's rows. Audiences have their own."
    )
    destinations = serializers.ListField(
        child=Id(), max_length=MOST_DESTINATIONS, required=False, help_text="That get all of the company's rows. Audiences have their own."
    )
    link = ScheduleLinkIn(required=False)
    attach = Truth(required=False, help_text="Small files also as attachments, where the company allows it.")
    hold_for_release = Truth(required=False, help_text="true is `release.mode` by_hand, false at_once. Where both are given, that counts.")
    release = ScheduleReleaseIn(required=False)
    skip_if_empty = Truth(required=False, help_text="Send nothing when the report is empty. Needs CSV.")
    tell_owner = Truth(required=False, help_text="A mail to the owner when a run fails for good.")
    remind_after_days = Whole(
        min_value=1,
        max_value=MOST_REMINDER_DAYS,
        allow_null=True,
        required=False,
        help_text="One more mail to who downloaded nothing after so many days. null: nobody is reminded.",
    )
    receipts = Truth(required=False, help_text="A mail to the owner about who downloaded.")
    subject = Text(max_length=MAX_SUBJECT, allow_blank=True, required=False)
    message = Text(max_length=MAX_MESSAGE, allow_blank=True, required=False)
    cc = serializers.ListField(child=Text(max_length=254), max_length=MAX_COPIES, required=False, help_text="Addresses that get a copy.")


class ScheduleIn(ScheduleChange):
    slug = Slug(required=False, help_text="Unique, also among those that were deleted. Left out: made of the name.")


def values_of(body: dict[str, Any]) -> dict[str, Any]:
    """As reports/schedules/editing.py takes them."""
    values = {name: body[name] for name in SAME if name in body}
    link = body.get("link", {})
    for member, name in (("expires_in_days", "link_days"), ("max_uses", "link_max_uses"), ("passcode", "passcode")):
        if member in link:
            values[name] = link[member]
    if "protection" in link or "passcode" in link:
        values["link_protection"] = read_protection(link)
    if "hold_for_release" in body:
        values["release"] = Schedule.Release.BY_HAND if body["hold_for_release"] else Schedule.Release.AT_ONCE
    values |= {GATE[member]: value for member, value in body.get("release", {}).items()}
    if "visuals" in body:
        values["visual_ids"] = body["visuals"] or []
    if "recipients" in body:
        values["recipient_ids"] = body["recipients"]
    if "destinations" in body:
        values["destinations"] = body["destinations"]
    return values


class ScheduleLinkOut(serializers.Serializer[Schedule]):
    expires_in_days = serializers.IntegerField(source="link_days", allow_null=True)
    max_uses = serializers.IntegerField(source="link_max_uses", allow_null=True)
    protection = serializers.SerializerMethodField()
    has_passcode = serializers.SerializerMethodField()

    @extend_schema_field({"type": "string", "enum": list(WORDS.values())})
    def get_protection(self, row: Schedule) -> str:
        return WORDS[row.link_protection]

    def get_has_passcode(self, row: Schedule) -> bool:
        return row.link_protection == Protection.PASSCODE


class ScheduleReleaseOut(serializers.Serializer[Schedule]):
    mode = serializers.ChoiceField(source="release", choices=Schedule.Release.values)
    usual_percent = serializers.IntegerField()
    must_contain = serializers.CharField()
    hold_hours = serializers.IntegerField()


class PlannedOut(serializers.Serializer[Any]):
    at = Instant()
    at_local = LocalInstant(source="local")
    note = serializers.SerializerMethodField(help_text="What the clocks do to it. null: nothing.")

    def get_note(self, run: scheduling.PlannedRun) -> str | None:
        return run.note or None


class WarningOut(serializers.Serializer[Any]):
    code = serializers.CharField(
        help_text="`late`: it is likely to be ready after `ready_by`. `paused_by_portal`: its time cannot be read."
    )
    text = serializers.CharField()


class LastRunOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    planned_at = Instant()
    status = serializers.ChoiceField(choices=Occurrence.Status.values)


class ScheduleOut(Resource):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField(help_text="Empty: the report's.")
    report = serializers.CharField(source="report.slug")
    formats = serializers.ListField(child=serializers.ChoiceField(choices=Format.values))
    visuals = serializers.SerializerMethodField(help_text="null: all of the report's.")
    parameters = Parameters()
    cron = serializers.CharField()
    timezone = serializers.CharField()
    starts_on = serializers.DateField(allow_null=True)
    ends_on = serializers.DateField(allow_null=True)
    missed = serializers.ChoiceField(choices=Schedule.Missed.values)
    ready_by = Minute(allow_null=True)
    paused = serializers.SerializerMethodField()
    set_by_platform = serializers.SerializerMethodField(help_text="Whether a template of the platform sets what it sends and when.")
    audiences = serializers.ListField(source="audience_ids", child=serializers.UUIDField(), help_text="The one of `recipients` too.")
    recipients = serializers.ListField(source="recipient_ids", child=serializers.UUIDField())
    destinations = serializers.ListField(source="destination_ids", child=serializers.UUIDField())
    link = ScheduleLinkOut(source="*")
    attach = serializers.BooleanField()
    hold_for_release = serializers.SerializerMethodField(help_text="Whether `release.mode` is by_hand.")
    release = ScheduleReleaseOut(source="*")
    skip_if_empty = serializers.BooleanField()
    tell_owner = serializers.BooleanField()
    remind_after_days = serializers.IntegerField(allow_null=True)
    receipts = serializers.BooleanField()
    subject = serializers.CharField()
    message = serializers.CharField()
    cc = serializers.ListField(child=serializers.EmailField())
    next_runs = serializers.SerializerMethodField(help_text="Five of them, if there are as many. None while it is paused.")
    last_occurrence = serializers.SerializerMethodField()
    on_time_percent = serializers.IntegerField(allow_null=True, help_text="Of the runs of the last 30 days. null: there was none.")
    warnings = serializers.SerializerMethodField()
    created_at = Instant()
    updated_at = Instant()
    version = serializers.IntegerField(help_text="The ETag has it too.")

    @extend_schema_field({"type": ["array", "null"], "items": {"type": "string"}})
    def get_visuals(self, row: Schedule) -> list[str] | None:
        return row.visual_ids or None

    def get_hold_for_release(self, row: Schedule) -> bool:
        return row.release == Schedule.Release.BY_HAND

    def get_paused(self, row: Schedule) -> bool:
        return not row.enabled

    def get_set_by_platform(self, row: Schedule) -> bool:
        return row.template_id is not None

    @extend_schema_field(PlannedOut(many=True))
    def get_next_runs(self, row: Schedule) -> Any:
        return PlannedOut(planned_runs(row, self.context["now"]), many=True).data

    @extend_schema_field(LastRunOut(allow_null=True))
    def get_last_occurrence(self, row: Any) -> Any:
        return row.last_run and LastRunOut(row.last_run | {"planned_at": datetime.fromisoformat(row.last_run["planned_at"])}).data

    @extend_schema_field(WarningOut(many=True))
    def get_warnings(self, row: Schedule) -> list[dict[str, str]]:
        return warnings_of(row)


def planned_runs(row: Schedule, now: datetime) -> list[scheduling.PlannedRun]:
    return scheduling.next_runs(row, now) if row.enabled and scheduling.can_be_read(row) else []


def warnings_of(row: Schedule) -> list[dict[str, str]]:
    told = {"paused_by_portal": row.fault, "late": row.load_warning}
    return [{"code": code, "text": text} for code, text in told.items() if text]


def gathered(rows: QuerySet[Schedule], tenant: Tenant, now: datetime, only: frozenset[str] | None) -> Iterable[Any]:
    """With what an answer tells of each beside the row itself, as far as it was asked for: three statements."""
    found = list(_with_facts(rows.select_related("report"), now, only))
    promising = [row for row in found if row.enabled and row.ready_by and scheduling.can_be_read(row)]
    late = load.warnings(tenant, promising, now) if only is None or "warnings" in only else {}
    for row in found:
        row.tenant, row.load_warning = tenant, late.get(row.pk, "")
    return found


def _with_facts(rows: QuerySet[Any], now: datetime, only: frozenset[str] | None) -> QuerySet[Any]:
    runs = Occurrence.objects.filter(tenant=OuterRef("tenant"), schedule=OuterRef("pk")).newest_first()
    of_row = {"tenant": OuterRef("tenant"), "schedule": OuterRef("pk")}
    people = AudienceRecipient.objects.filter(tenant=OuterRef("tenant"), audience__schedule=OuterRef("pk"), audience__name=DEFAULT_AUDIENCE)
    there = AudienceDestination.objects.filter(
        tenant=OuterRef("tenant"), audience__schedule=OuterRef("pk"), audience__name=DEFAULT_AUDIENCE
    )
    facts: dict[str, dict[str, Any]] = {
        "audiences": {"audience_ids": ArraySubquery(Audience.objects.filter(**of_row).order_by("name").values("pk"))},
        "recipients": {"recipient_ids": ArraySubquery(people.order_by("recipient").values("recipient"))},
        "destinations": {"destination_ids": ArraySubquery(there.order_by("destination").values("destination"))},
        "last_occurrence": {"last_run": Subquery(runs.values(row=JSONObject(id="pk", planned_at="planned_at", status="status"))[:1])},
    }
    for name, annotation in facts.items():
        if only is None or name in only:
            rows = rows.annotate(**annotation)
    return with_punctuality(rows, now) if only is None or "on_time_percent" in only else rows  # type: ignore[arg-type]
