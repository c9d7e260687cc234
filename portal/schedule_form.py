"""The form of a schedule. It only reads what was typed; reports/schedules/checks.py decides what is right."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.forms.utils import ErrorDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal import cadence_fields, period_fields
from portal.forms import Renderer, always_filled, boxes
from portal.parameter_fields import INPUT, PREFIX, SELECT, TEXTAREA, field_name
from portal.schedule_choices import life_choices, use_choices, zone_choices
from reports.mails.variables import VARIABLES
from reports.models import Destination, Format, Grant, Protection, Schedule
from reports.refused import Refused
from reports.schedule_templates import owned
from reports.schedules.checks import MOST_REMINDER_DAYS
from tenants.models import Tenant, User

DAY = INPUT | {"type": "date"}
# portal.js draws the lines as chips; without script they are lines.
LINES = {"class": "textarea", "rows": 4, "data-chips": "known", "data-add": _("Add a person or group"), "data-remove": _("Remove {name}")}
# Fields that are typed as they are stored.
SAME = (
    "name",
    "timezone",
    "starts_on",
    "ends_on",
    "missed",
    "ready_by",
    "subject",
    "message",
    "skip_if_empty",
    "tell_owner",
    "remind_after_days",
    "receipts",
)
GATE = ("release", "usual_percent", "must_contain", "hold_hours")
# Where a fault is shown that has no field of its own name.
AT = {"visual_ids": "visuals"}


class LinesField(forms.CharField):
    """One entry a line; commas and semicolons part them too, as mail programs do."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        text = super().clean(value).replace(";", "\n").replace(",", "\n")
        return [line.strip() for line in text.splitlines() if line.strip()]


class ScheduleForm(forms.Form):
    """`grants`: what may be scheduled; the fields of formats and parameters are those of the chosen one's report."""

    default_renderer = Renderer

    key = forms.UUIDField(widget=forms.HiddenInput)
    version = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)
    copy_of = forms.UUIDField(widget=forms.HiddenInput, required=False)
    name = forms.CharField(label=_("Schedule name"), required=False, max_length=120, widget=forms.TextInput(INPUT))
    starts_on = forms.DateField(label=_("Starts"), required=False, widget=forms.DateInput(DAY, format="%Y-%m-%d"))
    ends_on = forms.DateField(label=pgettext_lazy("a schedule", "Ends"), required=False, widget=forms.DateInput(DAY, format="%Y-%m-%d"))
    recipients = LinesField(
        label=_("Recipients"),
        required=False,
        max_length=400_000,
        help_text=_("Addresses and names of groups, one a line. Nobody on this list needs an account."),
        widget=forms.Textarea(LINES),
    )
    cc = LinesField(
        label=_("Copy to"),
        required=False,
        max_length=4000,
        help_text=_("One address a line."),
        widget=forms.Textarea(LINES | {"rows": 2, "data-chips": "", "data-add": _("Add an address")}),
    )
    passcode = forms.CharField(label=_("Passcode"), required=False, max_length=64, widget=forms.TextInput(INPUT | {"autocomplete": "off"}))
    skip_if_empty = forms.BooleanField(label=_("Send nothing when the report is empty"), required=False)
    attach = forms.BooleanField(label=_("Attach small files to the email, beside the link"), required=False)
    remind_after_days = forms.IntegerField(
        label=_("Remind people who opened nothing after"),
        required=False,
        min_value=1,
        max_value=MOST_REMINDER_DAYS,
        help_text=_("Days. Empty: nobody is reminded. Each person is reminded once of each run."),
        widget=forms.NumberInput(INPUT),
    )
    receipts = forms.BooleanField(label=_("Tell the owner by email who downloads"), required=False)
    subject = forms.CharField(label=_("Subject"), required=False, max_length=200, widget=forms.TextInput(INPUT))
    message = forms.CharField(label=_("Message"), required=False, max_length=4000, widget=forms.Textarea(TEXTAREA))
    ready_by = forms.TimeField(label=_("Ready by"), required=False, widget=forms.TimeInput(INPUT | {"type": "time"}, format="%H:%M"))
    missed = forms.ChoiceField(
        label=_("Runs missed while the portal was down"), choices=Schedule.Missed.choices, widget=forms.Select(SELECT)
    )
    release = forms.ChoiceField(label=_("Files"), choices=Schedule.Release.choices, required=False, widget=forms.Select(SELECT))
    usual_percent = forms.IntegerField(
        label=_("Unusual from"),
        required=False,
        help_text=_("Percent away from the middle of the last 10 files, in size, pages or rows."),
        widget=forms.NumberInput(INPUT | {"min": 1, "max": 500}),
    )
    must_contain = forms.CharField(
        label=_("Text that every file shows"),
        required=False,
        max_length=120,
        help_text=_("Such as your company's name. Left empty, no text is looked for."),
        widget=forms.TextInput(INPUT),
    )
    hold_hours = forms.IntegerField(
        label=_("Held for at most"),
        required=False,
        help_text=_("Hours. If nobody decides by then, nothing is sent."),
        widget=forms.NumberInput(INPUT | {"min": 1, "max": 168}),
    )
    tell_owner = forms.BooleanField(label=_("Tell the owner by email when a run fails for good"), required=False)

    def __init__(
        self,
        tenant: Tenant,
        grants: Sequence[Grant],
        members: Sequence[User],
        data: Any = None,
        *,
        initial: dict[str, Any],
        quiet: bool = False,
        linked: bool = False,
    ) -> None:
        """`quiet`: what was typed is shown again without a word about it, because nothing was to be saved.

        `linked`: to a template of the platform; what that one sets is shown, and cannot be typed.
        """
        super().__init__(data, initial={"key": uuid.uuid4()} | initial)
        self.quiet, self.linked = quiet, linked
        chosen = (initial if linked else data or initial).get("report")
        self.grant = next((grant for grant in grants if grant.report.slug == chosen), grants[0])
        self.report = self.grant.report
        self._add_report(grants)
        self._add_choices(tenant, members)
        self.fields |= destination_field(tenant)
        for name, field in cadence_fields.fields(initial.get("cron", "")).items():
            self.fields[name] = field
        for name in self._set_by_template() if linked else ():
            self.fields[name].disabled = True

    def _set_by_template(self) -> list[str]:
        cadence, parameters = cadence_fields.fields(""), [name for name in self.fields if name.startswith(PREFIX)]
        names = ("report", "visuals", *owned.SET_BY_TEMPLATE, *cadence, *parameters)
        return [name for name in names if name in self.fields]

    def _add_report(self, grants: Sequence[Grant]) -> None:
        report, kept = self.report, self.initial.get("parameters", {})
        reports = [(grant.report.slug, grant.report.name) for grant in grants]
        self.fields["report"] = forms.ChoiceField(label=_("Report"), choices=reports, widget=forms.Select(SELECT))
        self.initial["report"] = report.slug
        self.fields["formats"] = boxes(_("Format"), [(name, Format(name).label) for name in report.formats])
        self.initial["formats"] = [name for name in self.initial.get("formats", []) if name in report.formats] or report.formats[:1]
        if len(report.visual_ids) > 1 and set(report.formats) != {Format.PDF}:
            self.fields["visuals"] = boxes(_("Tables in CSV and Excel"), [(v, v) for v in report.visual_ids], required=False)
            self.initial["visuals"] = self.initial.get("visual_ids") or report.visual_ids
        self.open = [parameter for parameter in report.parameters.all() if parameter.name not in self.grant.parameters]
        for parameter in self.open:
            self.fields.update(period_fields.fields_of(parameter, kept.get(parameter.name)))
        if Format.CSV not in report.formats:
            del self.fields["skip_if_empty"]

    def _add_choices(self, tenant: Tenant, members: Sequence[User]) -> None:
        zones = zone_choices(self.initial.get("timezone", tenant.timezone))
        self.fields["timezone"] = forms.ChoiceField(label=_("Time zone"), choices=zones, widget=forms.Select(SELECT))
        lives, uses = life_choices(tenant, self.initial.get("link_days")), use_choices(tenant, self.initial.get("link_max_uses"))
        self.fields["link_days"] = _chosen(_("Link works for"), lives)
        self.fields["link_max_uses"] = _chosen(_("Downloads each"), uses)
        people = [("", _("The owners of the company")), *((str(person.pk), person.display_name) for person in members)]
        self.fields["owner"] = _chosen(_("Owner"), people)
        self.fields["link_protection"] = _chosen(_("A link asks for"), list(Protection.choices))
        if not tenant.allow_attachments:
            del self.fields["attach"]
        for name in ("passcode", "release", "usual_percent", "hold_hours"):
            always_filled(self.fields[name])
        if self.initial.get("link_passcode"):
            self.fields["passcode"].help_text = _("Left empty, it stays as it is.")

    def full_clean(self) -> None:
        super().full_clean()
        if self.quiet:
            self._errors = ErrorDict()

    @property
    def report_slug(self) -> str:
        return self.report.slug

    @property
    def variables(self) -> dict[str, Any]:
        """What stands in curly brackets in subject and message, and what it becomes."""
        return {f"{{{name}}}": told for name, told in VARIABLES.items()}

    def boxes_of_delivery(self) -> list[forms.BoundField]:
        """Those that this company and this report have."""
        return [self[name] for name in ("attach", "skip_if_empty", "receipts") if name in self.fields]

    def parameters(self) -> list[period_fields.Drawn]:
        return [period_fields.drawn(self, parameter) for parameter in self.open]

    def values(self) -> dict[str, Any]:
        """As reports.schedules.editing.save takes them; what could not be read is left out."""
        cleaned = self.cleaned_data
        values: dict[str, Any] = {
            name: cleaned[name] for name in (*SAME, "report", "formats", "recipients", "cc", "passcode") if name in cleaned
        }
        values |= {name: cleaned[name] for name in ("attach", "link_protection") if name in cleaned}
        # A number left empty stays as it is.
        values |= {name: cleaned[name] for name in GATE if name in cleaned and (cleaned[name] or name == "must_contain")}
        values |= {
            name: int(cleaned[name]) if cleaned[name] else None for name in ("link_days", "link_max_uses", "owner") if name in cleaned
        }
        given = {parameter.name: period_fields.read(parameter, cleaned) for parameter in self.open}
        values["parameters"] = {name: value for name, value in given.items() if value is not None}
        chosen = cleaned.get("visuals", [])
        values["visual_ids"] = [] if set(chosen) == set(self.report.visual_ids) else chosen
        values["cron"] = cadence_fields.read(cleaned)
        if "destinations" in self.fields:
            values["destinations"] = cleaned.get("destinations", [])
        values.setdefault("skip_if_empty", False)
        values["message"] = values.get("message", "").replace("\r\n", "\n")
        return values

    def wanted(self) -> dict[str, Any]:
        """What is to be saved: `values`, without those that a template sets."""
        values = self.values()
        return {name: value for name, value in values.items() if not self.linked or name not in (*owned.SET_BY_TEMPLATE, "report")}

    def refuse(self, refused: Refused) -> None:
        """Each fault at its field, or on top of the form where it has none."""
        names: dict[tuple[str, ...], str] = {("parameters", parameter.name): field_name(parameter) for parameter in self.open}
        names[("cron",)] = cadence_fields.field_at_fault(self.cleaned_data)
        for place in refused.places:
            name = names.get(place.path) or AT.get(place.path[0], place.path[0])
            detail = cadence_fields.missing(self.cleaned_data) if place.path == ("cron",) else ""
            self.add_error(name if name in self.fields else None, detail or place.detail)
        if not refused.places:
            self.add_error(None, refused.detail)


def destination_field(tenant: Tenant) -> dict[str, forms.Field]:
    """Where files go beside people, of a company that has any. In the tenant's scope."""
    offered = [(str(row.pk), f"{row.name} ({row.get_kind_display()})") for row in Destination.objects.for_tenant(tenant).order_by("name")]
    return {"destinations": boxes(_("Destinations"), offered, required=False)} if offered else {}


def initial_of(schedule: Schedule, recipients: list[str], destinations: list[uuid.UUID]) -> dict[str, Any]:
    """What the form shows of a schedule."""
    stored = (*SAME, *GATE, "formats", "visual_ids", "parameters", "cron", "cc", "attach", "link_protection", "link_passcode", "link_days")
    initial = {name: getattr(schedule, name) for name in (*stored, "link_max_uses")}
    return (
        initial
        | {"report": schedule.report.slug, "owner": str(schedule.owner_id or ""), "recipients": recipients}
        | {"destinations": list(map(str, destinations))}
    )


def _chosen(label: Any, choices: list[tuple[str, Any]]) -> forms.Field:
    return always_filled(forms.ChoiceField(label=label, choices=choices, required=False, widget=forms.Select(SELECT)))
