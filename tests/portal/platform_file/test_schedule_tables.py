"""[[tenant.schedule]] with its recipients and audiences."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from django.utils import timezone

from reports.models import Audience, AudienceRecipient, Occurrence, Recipient, Schedule
from reports.scheduling import next_run
from tenants.models import User
from tenants.scope import tenant_scope
from tests import factories
from tests.portal.platform_file.file import to_toml


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


def test_a_new_schedule_is_due_at_its_first_planned_time(tenant):
    stored = schedule(tenant)

    assert stored.next_run_at == next_run(stored, stored.created_at)


@pytest.mark.parametrize("change", [{"cron": "0 5 * * *"}, {"timezone": "Asia/Tokyo"}, {"starts_on": "2099-01-01"}])
def test_other_times_make_it_due_at_another_time(applied, tenant, change):
    before = schedule(tenant).next_run_at
    applied.schedule.update(change)

    applied.apply()

    stored = schedule(tenant)
    assert stored.next_run_at == next_run(stored, timezone.now()) != before


def test_what_is_due_already_stays_due_when_its_times_stay_the_same(applied, tenant):
    overdue = timezone.now() - timedelta(hours=3)
    with tenant_scope(tenant):
        Schedule.objects.update(next_run_at=overdue)
    applied.schedule.update(subject="Your calls", timezone="Europe/Berlin", enabled=False)

    applied.apply()

    assert (schedule(tenant).next_run_at, schedule(tenant).subject) == (overdue, "Your calls")


def test_what_came_due_before_its_times_changed_leaves_its_rows(applied, tenant):
    overdue = timezone.now() - timedelta(minutes=1)
    with tenant_scope(tenant):
        Schedule.objects.update(next_run_at=overdue)

    applied.schedule["cron"] = "15 6 * * *"

    applied.apply()

    with tenant_scope(tenant):
        assert list(Occurrence.objects.values_list("planned_at", "status")) == [(overdue, "planned")]


def test_a_paused_schedule_says_who_paused_it_and_stays_due_so_that_people_see_what_it_leaves_out(applied, tenant):
    due = schedule(tenant).next_run_at
    applied.schedule["enabled"] = False
    applied.apply()
    paused = schedule(tenant)
    assert (paused.enabled, paused.paused_by, paused.next_run_at) == (False, "apply", due)
    assert paused.paused_at is not None

    applied.schedule["enabled"] = True
    assert applied.lines() == ["~ schedule acme/weekday-morning: enabled false -> true"]
    assert (schedule(tenant).paused_at, schedule(tenant).paused_by) == (None, "")
    assert applied.apply() == "no changes\n"


def test_a_schedule_that_the_portal_paused_goes_on_when_the_file_puts_it_right(applied, tenant):
    with tenant_scope(tenant):
        Schedule.objects.update(enabled=False, fault="Its report was withdrawn.", paused_at=timezone.now(), next_run_at=None)
    assert applied.apply() == "no changes\n"
    applied.schedule["subject"] = "Again"

    applied.apply()

    again = schedule(tenant)
    assert (again.enabled, again.fault, again.paused_at) == (True, "", None)
    assert again.next_run_at == next_run(again, timezone.now())


def test_a_retired_schedule_comes_back_when_it_is_mentioned_again(applied, tenant):
    applied.schedule["absent"] = True
    applied.apply()
    del applied.schedule["absent"]

    assert applied.lines() == ["+ schedule acme/weekday-morning"]

    back = schedule(tenant)
    assert back.retired_at is None
    assert back.next_run_at == next_run(back, timezone.now())
    assert applied.apply() == "no changes\n"


def test_everything_about_its_mails_and_links_can_stand_in_the_file(applied, tenant):
    applied.schedule.update(
        name="Morning pack",
        owner="Owner@acme.example",
        starts_on="2026-12-01",
        ends_on="2027-12-31",
        ready_by="09:00",
        cc=["Chef@acme.example"],
        attach=True,
        skip_if_empty=True,
        tell_owner=False,
        links={"days": 7, "protection": "mailed"},
    )

    applied.apply()

    stored = schedule(tenant)
    assert (stored.name, stored.starts_on, stored.ends_on, stored.ready_by) == (
        "Morning pack",
        date(2026, 12, 1),
        date(2027, 12, 31),
        time(9),
    )
    assert stored.owner_id == User.objects.get(email="owner@acme.example").pk
    assert (stored.cc, stored.attach, stored.skip_if_empty, stored.tell_owner) == (["chef@acme.example"], True, True, False)
    assert (stored.link_days, stored.link_max_uses, stored.link_protection) == (7, None, "mailed")
    assert applied.apply() == "no changes\n"


def test_an_empty_text_takes_a_day_a_time_and_the_owner_away(applied, tenant):
    applied.schedule.update(owner="owner@acme.example", ends_on="2099-12-31", ready_by="09:00")
    applied.apply()
    applied.schedule.update(owner="", ends_on="", ready_by="")

    applied.apply()

    stored = schedule(tenant)
    assert (stored.owner_id, stored.ends_on, stored.ready_by) == (None, None, None)


def test_days_and_times_may_be_tomls_own(applied, tenant):
    del applied.tenant["schedule"]
    text = to_toml(applied.tables) + ('[[tenant.schedule]]\nslug = "weekday-morning"\nstarts_on = 2026-12-01\nready_by = 09:00:00\n')

    applied.apply(text=text)

    assert (schedule(tenant).starts_on, schedule(tenant).ready_by) == (date(2026, 12, 1), time(9))


def test_a_schedule_that_ends_before_it_starts_is_refused(platform):
    platform.schedule.update(starts_on="2026-12-02", ends_on="2026-12-01")

    assert platform.fault().endswith("ends_on: lies before starts_on.")


def test_a_relative_period_stays_relative(applied, tenant):
    applied.report["parameter"].append({"name": "From", "type": "datetime", "default": "2026-10-26"})
    applied.schedule["parameters"] = {"MinSeconds": 30, "From": {"relative": "previous_month", "part": "end"}}

    applied.apply()

    assert schedule(tenant).parameters == {"MinSeconds": [30], "From": {"relative": "previous_month", "part": "end"}}
    assert applied.apply() == "no changes\n"


def test_an_audience_may_be_made_of_groups(applied, tenant):
    applied.schedule["audience"][0].update(recipients=[], groups=["Night desks"])

    assert "+ audience group acme/weekday-morning/North desk/Night desks" in applied.lines()

    assert audiences(tenant)["North desk"] == []
    applied.schedule["audience"][0].update(recipients=["north@acme.example"], groups=[])
    assert "- audience group acme/weekday-morning/North desk/Night desks" in applied.lines()
    assert audiences(tenant)["North desk"] == ["north@acme.example"]


def test_the_recipients_of_a_group_are_the_whole_value(applied, tenant):
    applied.tenant["group"] = [{"name": "Night desks", "recipients": ["Day@acme.example"]}]

    assert applied.lines() == [
        "+ recipient acme/day@acme.example",
        "+ group member acme/Night desks/day@acme.example",
        "- group member acme/Night desks/night@acme.example",
    ]
    applied.tenant["group"] = [{"name": "Night desks", "absent": True}]
    assert applied.lines() == ["- group acme/Night desks"]
    with tenant_scope(tenant):
        assert Recipient.objects.filter(email="day@acme.example").exists()


def test_an_address_of_a_foreign_domain_is_refused_wherever_it_stands(platform):
    platform.tenant["recipient_domains"] = ["acme.example"]
    platform.tenant["group"][0]["recipients"].append("a@elsewhere.example")
    platform.schedule["cc"] = ["b@elsewhere.example"]
    platform.schedule["recipient"].append({"email": "c@elsewhere.example"})
    platform.schedule["audience"][0]["recipients"].append("d@elsewhere.example")

    faults = platform.faults()

    assert [fault.rpartition(": Reports may not go to elsewhere.example.")[0].removeprefix('tenant[1] "acme": ') for fault in faults] == [
        'group "Night desks": recipients[2]',
        'schedule "weekday-morning": cc[1]',
        'schedule "weekday-morning": recipient "c@elsewhere.example": email',
        'schedule "weekday-morning": audience "North desk": recipients[2]',
    ]
