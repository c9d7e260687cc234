"""[[tenant.schedule]] with its recipients and audiences."""

from __future__ import annotations

import pytest

from reports.models import Audience, AudienceRecipient, Recipient, Schedule
from tenants.scope import tenant_scope
from tests import factories


def schedule(tenant):
    with tenant_scope(tenant):
        return Schedule.objects.get(tenant=tenant, slug="weekday-morning")


def audiences(tenant):
    """Addresses by the audience's name."""
    with tenant_scope(tenant):
        return {
            audience.name: sorted(audience.recipients.values_list("email", flat=True))
            for audience in Audience.objects.filter(tenant=tenant)
        }


def test_a_schedule_is_stored_with_the_tenants_zone_and_the_defaults(tenant):
    stored = schedule(tenant)

    assert (stored.cron, stored.timezone, stored.formats) == ("30 7 * * 1-5", "Europe/Berlin", ["PDF", "EXCEL"])
    assert (stored.parameters, stored.missed, stored.enabled) == ({"MinSeconds": [30]}, "latest", True)


def test_recipients_are_the_default_audience_and_others_have_names(tenant):
    assert audiences(tenant) == {"": ["ops@acme.example"], "North desk": ["north@acme.example"]}


def test_a_change_of_a_schedule_names_old_and_new(applied, tenant):
    applied.schedule.update(cron="@daily", timezone="Asia/Tokyo", enabled=False)

    assert applied.lines() == [
        '~ schedule acme/weekday-morning: cron "30 7 * * 1-5" -> "@daily", timezone "Europe/Berlin" -> "Asia/Tokyo", enabled true -> false'
    ]
    assert schedule(tenant).cron == "@daily"


def test_an_absent_schedule_runs_no_more_and_keeps_what_it_did(applied, tenant):
    applied.schedule["absent"] = True

    assert applied.lines() == ["- schedule acme/weekday-morning"]
    with tenant_scope(tenant):
        schedule = Schedule.objects.get()
    assert schedule.retired_at is not None
    assert schedule.next_run_at is None
    assert applied.apply() == "no changes\n"


def test_recipients_are_added_one_by_one_and_stay_until_they_are_absent(applied, tenant):
    applied.schedule["recipient"] = [{"email": "desk@acme.example", "name": "Front desk"}]
    applied.apply()
    assert audiences(tenant)[""] == ["desk@acme.example", "ops@acme.example"]

    applied.schedule["recipient"] = [{"email": "ops@acme.example", "absent": True}]
    assert applied.lines() == ["- audience recipient acme/weekday-morning/default/ops@acme.example"]
    assert audiences(tenant)[""] == ["desk@acme.example"]


def test_the_recipients_of_an_audience_are_the_whole_value(applied, tenant):
    applied.schedule["audience"][0]["recipients"] = ["South@acme.example"]

    applied.apply()

    assert audiences(tenant)["North desk"] == ["south@acme.example"]
    assert applied.apply() == "no changes\n"


def test_an_absent_audience_goes_and_its_addresses_stay_known(applied, tenant):
    applied.schedule["audience"][0]["absent"] = True

    assert applied.lines() == ["- audience acme/weekday-morning/North desk"]
    with tenant_scope(tenant):
        assert Recipient.objects.filter(email="north@acme.example").exists()
        assert not AudienceRecipient.objects.filter(recipient__email="north@acme.example").exists()


def test_a_format_that_the_report_does_not_come_in_is_refused(platform):
    platform.report["formats"] = ["PDF", "CSV"]

    assert platform.fault().endswith("formats[2]: EXCEL is not offered for this report: PDF, CSV.")


def test_a_parameter_without_default_has_to_be_given(platform):
    del platform.report["parameter"][1]["default"]
    platform.schedule["parameters"] = {}

    assert platform.fault().endswith("parameters.MinSeconds: MinSeconds needs a value.")


@pytest.mark.parametrize(
    ("tags", "sentence"),
    [
        ({"floor": "1"}, "session_tags: Data set “calls” has no rule for “floor”, so it would not narrow."),
        ({"desk": "north,south"}, "session_tags: Session tag “desk” contains the delimiter"),
        ({"desk": "*"}, "session_tags: Session tag “desk” is the value that means all rows"),
    ],
)
def test_an_audience_that_would_not_narrow_is_refused(applied, tags, sentence):
    desk = {"key": "desk", "delimiter": ",", "match_all": "*"}
    tenant_id = {"key": "tenant_id", "delimiter": ",", "match_all": "*"}
    row_rules = [{"dataset": "calls", "enabled": True, "rules": [tenant_id, desk], "groups": [["tenant_id"], ["tenant_id", "desk"]]}]
    factories.make_report(slug="checked", parameters=[], row_rules=row_rules)
    audience = {"name": "Desk", "session_tags": tags, "recipients": ["a@acme.example"]}
    desks = {"slug": "desks", "report": "checked", "formats": ["PDF"], "cron": "@daily", "audience": [audience]}
    applied.tables = {"tenant": [{"slug": "acme", "reports": ["checked"], "schedule": [desks]}]}

    assert sentence in applied.fault()
