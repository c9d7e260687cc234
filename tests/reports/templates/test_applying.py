"""A template over tenants: in each of them one linked schedule, in its own zone, brought about one after the other."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError

from reports.models import Audience, Occurrence, Schedule, TemplateUse
from reports.occurrences import acting
from reports.refused import Refused
from reports.schedules import editing
from reports.templates import applying, changing
from reports.templates.applying import AGAIN_AFTER, TAKEN_FOR
from tenants.audit import Actor
from tenants.models import AuditEvent, Tenant
from tenants.scope import engine_scope, platform_scope, staff_scope, tenant_scope
from tests import factories
from tests.reports.templates import steps
from tests.reports.templates.steps import linked, use_of

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ADAM = Actor("adam@acme.example")
State = TemplateUse.State
ZONES = (
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Los_Angeles",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Pacific/Honolulu",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
)
# The nights before clocks go back and forward: in Europe, in North America, in Australia.
NIGHTS = (
    datetime(2026, 10, 24, 12, 0, tzinfo=UTC),
    datetime(2026, 10, 31, 12, 0, tzinfo=UTC),
    datetime(2027, 3, 13, 12, 0, tzinfo=UTC),
    datetime(2027, 3, 27, 12, 0, tzinfo=UTC),
    datetime(2027, 4, 3, 12, 0, tzinfo=UTC),
)


def first_at_or_past(at: time, zone: ZoneInfo, after: datetime) -> datetime:
    """Without a calendar of ours: minute by minute, the first whose wall clock shows that time or has jumped over it, once a day."""
    minute = after.replace(second=0, microsecond=0)
    passed: set[date] = {after.astimezone(zone).date()} if after.astimezone(zone).time() >= at else set()
    while True:
        minute += timedelta(minutes=1)
        local = minute.astimezone(zone)
        if local.time() >= at and local.date() not in passed:
            return minute


def planned_at(tenants) -> dict[str, datetime]:
    found = {}
    for tenant in tenants:
        found[tenant.slug] = linked(tenant).next_run_at
    return found


def test_two_hundred_tenants_in_fifteen_zones_each_run_at_their_own_local_time(ines):
    report = factories.make_report(slug="daily-calls")
    tenants = [factories.make_tenant(slug=f"company-{n}", timezone=ZONES[n % len(ZONES)]) for n in range(200)]
    for tenant in tenants:
        factories.make_grant(tenant=tenant, report=report)
    template = steps.make(ines, NIGHTS[0], cron="30 2 * * *")
    steps.choose(template, tenants, NIGHTS[0])

    for round_, now in enumerate(NIGHTS):
        at = time(2, 30 + round_)
        if round_:
            steps.change(template, now, cron=f"{at.minute} 2 * * *")
        assert applying.apply_due(now) == 200

        expected = {zone: first_at_or_past(at, ZoneInfo(zone), now) for zone in ZONES}
        assert len(set(expected.values())) > 10
        assert planned_at(tenants) == {tenant.slug: expected[tenant.timezone] for tenant in tenants}


def test_the_schedule_is_made_as_the_template_says_and_the_trail_of_the_company_names_it(acme, ines, daily_calls):
    steps.in_force(ines, NOW, [acme], subject="{report} of {date}", message="Good morning", ready_by=time(9), must_contain="{tenant}")

    schedule = linked(acme)
    assert (schedule.slug, schedule.name, schedule.subject, schedule.message) == (
        "morning",
        "Morning",
        "{report} of {date}",
        "Good morning",
    )
    assert (schedule.ready_by, schedule.timezone, schedule.owner) == (time(9), acme.timezone, None)
    with tenant_scope(acme):
        event = AuditEvent.objects.get(tenant=acme, action="schedule.created")
    assert event.actor == "platform template morning"


def test_another_run_of_the_worker_changes_nothing(acme, ines, daily_calls):
    steps.in_force(ines, NOW, [acme])
    before = linked(acme)

    assert applying.apply_due(NOW + timedelta(days=1)) == 0
    with engine_scope():
        TemplateUse.objects.update(next_try_at=NOW)
    applying.apply_due(NOW)

    assert (linked(acme).pk, linked(acme).version) == (before.pk, before.version)
    with tenant_scope(acme):
        assert not AuditEvent.objects.filter(tenant=acme, action="schedule.changed").exists()


def test_a_pause_stays_the_companys_own_when_the_template_changes(acme, globex, ines, daily_calls):
    template = steps.in_force(ines, NOW, [acme, globex])
    with tenant_scope(acme):
        acting.pause(linked(acme), ADAM, NOW)

    steps.change(template, NOW, cron="0 6 * * *", subject="Your calls")
    applying.apply_due(NOW)

    assert [(linked(tenant).enabled, linked(tenant).cron) for tenant in (acme, globex)] == [(False, "0 6 * * *"), (True, "0 6 * * *")]
    assert linked(acme).paused_by == ADAM.label
    assert linked(acme).subject == "Your calls"


def test_who_gets_it_its_zone_its_owner_and_its_links_stay_the_companys_own(acme, adam, ines, daily_calls):
    template = steps.in_force(ines, NOW, [acme])
    own = {"recipients": ["ops@acme.example"], "timezone": "Asia/Tokyo", "owner": adam.pk, "link_days": 3, "cc": ["boss@acme.example"]}
    with tenant_scope(acme):
        editing.save(acme, ADAM, own, schedule=linked(acme), now=NOW)

    steps.change(template, NOW, cron="0 6 * * *")
    applying.apply_due(NOW)

    schedule = linked(acme)
    assert (schedule.timezone, schedule.owner_id, schedule.link_days, schedule.cc) == ("Asia/Tokyo", adam.pk, 3, ["boss@acme.example"])
    assert schedule.next_run_at == datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
    with tenant_scope(acme):
        assert [r.email for r in Audience.objects.get(schedule=schedule).recipients.all()] == ["ops@acme.example"]


def test_a_company_without_the_report_is_told_of_and_the_others_go_on(acme, globex, ines, daily_calls):
    outsider = factories.make_tenant(slug="outsider")
    template = steps.in_force(ines, NOW, [outsider, acme, globex])

    use = use_of(template, outsider)
    assert (use.state, use.failure_code, use.applied_version) == (State.FAILED, "report_not_available", None)
    assert "reports that are shared" in use.failure
    assert [use_of(template, tenant).state for tenant in (acme, globex)] == [State.APPLIED, State.APPLIED]


def test_what_could_not_be_applied_is_tried_again_and_then_works(acme, ines, daily_calls):
    outsider = factories.make_tenant(slug="outsider")
    template = steps.in_force(ines, NOW, [outsider])
    factories.make_grant(tenant=outsider, report=daily_calls)

    assert applying.apply_due(NOW + AGAIN_AFTER - timedelta(seconds=1)) == 0
    assert applying.apply_due(NOW + AGAIN_AFTER) == 1

    assert use_of(template, outsider).state == State.APPLIED
    assert use_of(template, outsider).failure_code == ""


def test_what_is_pinned_for_a_company_stays_pinned(acme, ines):
    report = factories.make_report(slug="daily-calls")
    factories.make_grant(tenant=acme, report=report, parameters={"Region": ["North"]})

    steps.in_force(ines, NOW, [acme], parameters={"Region": ["South"], "MinSeconds": 5})

    assert linked(acme).parameters == {"MinSeconds": 5}


def test_where_the_short_name_is_taken_the_schedule_gets_another(acme, ines, daily_calls):
    factories.make_schedule(tenant=acme, report=daily_calls, slug="morning")

    steps.in_force(ines, NOW, [acme])

    assert linked(acme).slug == "morning-2"


def test_attachments_go_only_where_the_company_allows_them(acme, globex, ines, daily_calls):
    with platform_scope():
        Tenant.objects.filter(pk=acme.pk).update(allow_attachments=True)

    steps.in_force(ines, NOW, [acme, globex], attach=True)

    assert (linked(acme).attach, linked(globex).attach) == (True, False)


def test_a_company_that_is_taken_out_keeps_the_history_of_a_schedule_that_runs_no_more(acme, globex, ines, daily_calls):
    template = steps.in_force(ines, NOW, [acme, globex])
    schedule = linked(acme)
    factories.make_occurrence(schedule=schedule, planned_at=NOW, status="delivered")

    assert steps.choose(template, [globex], NOW) == (0, 1)
    applying.apply_due(NOW)

    with tenant_scope(acme):
        schedule.refresh_from_db()
        assert schedule.retired_at == NOW
        assert schedule.occurrences.count() == 1
    assert (use_of(template, acme).state, use_of(template, acme).applied_version) == (State.GONE, None)
    assert linked(globex).enabled


def test_a_company_that_comes_back_gets_a_new_schedule(acme, ines, daily_calls):
    template = steps.in_force(ines, NOW, [acme])
    first = linked(acme)
    for chosen in ([], [acme]):
        steps.choose(template, chosen, NOW)
        applying.apply_due(NOW)

    assert linked(acme).pk != first.pk
    assert (linked(acme).slug, use_of(template, acme).state) == ("morning-2", State.APPLIED)


def test_a_template_that_is_removed_takes_its_schedules_with_it(acme, globex, ines, daily_calls):
    template = steps.in_force(ines, NOW, [acme, globex])

    assert steps.retire(template, NOW) == 2
    assert steps.retire(template, NOW) == 0
    applying.apply_due(NOW)

    for tenant in (acme, globex):
        with tenant_scope(tenant):
            assert Schedule.objects.get(template__isnull=False).retired_at == NOW


def test_one_that_another_worker_has_taken_is_left_alone_until_that_one_must_be_gone(acme, ines, daily_calls):
    template = steps.make(ines, NOW)
    steps.choose(template, [acme], NOW)
    applying._take(NOW)

    assert applying.apply_due(NOW + TAKEN_FOR - timedelta(seconds=1)) == 0
    assert applying.apply_due(NOW + TAKEN_FOR) == 1
    assert use_of(template, acme).state == State.APPLIED


def test_who_took_an_older_version_brings_about_the_newest(acme, ines, daily_calls):
    template = steps.make(ines, NOW)
    steps.choose(template, [acme], NOW)
    slow = applying._take(NOW)
    steps.change(template, NOW, cron="0 6 * * *")
    applying.apply_due(NOW)

    applying._apply(*slow, NOW)

    assert (linked(acme).cron, use_of(template, acme).applied_version) == ("0 6 * * *", 2)


def test_the_worker_stops_when_its_time_is_over_and_goes_on_where_it_was(acme, globex, ines, daily_calls):
    template = steps.make(ines, NOW)
    steps.choose(template, [acme, globex], NOW)
    answers = iter([True, False])

    assert applying.apply_due(NOW, lambda: next(answers)) == 1
    assert applying.apply_due(NOW) == 1

    assert {use_of(template, tenant).state for tenant in (acme, globex)} == {State.APPLIED}


def test_staff_see_nothing_of_schedules_that_are_a_companys_own(acme, ines, daily_calls):
    own = factories.make_schedule(tenant=acme, report=daily_calls)
    factories.make_occurrence(schedule=own)
    steps.in_force(ines, NOW, [acme])
    factories.make_occurrence(schedule=linked(acme))
    expected = linked(acme).pk

    with staff_scope(ines):
        seen = list(Schedule.objects.values_list("pk", flat=True)), list(Occurrence.objects.values_list("schedule_id", flat=True))

    assert seen == ([expected], [expected])


@pytest.mark.parametrize("column", ["parameters", "cc", "owner_id", "link_passcode"])
def test_staff_read_no_content_of_a_linked_schedule(column, acme, ines, daily_calls):
    steps.in_force(ines, NOW, [acme])

    with pytest.raises(DatabaseError, match="permission denied"), staff_scope(ines):
        list(Schedule.objects.values_list(column))


def test_two_who_edit_at_once_do_not_undo_each_other_without_a_word(acme, ines, daily_calls):
    template = steps.make(ines, NOW)
    steps.change(template, NOW, cron="0 6 * * *")

    with pytest.raises(Refused, match="Somebody else changed"), staff_scope(ines):
        changing.change(template, 1, {"cron": "0 5 * * *"}, steps.INES, NOW)

    with staff_scope(ines):
        template.refresh_from_db()
    assert (template.cron, template.version) == ("0 6 * * *", 2)


def test_a_change_that_changes_nothing_sends_the_worker_nowhere(acme, ines, daily_calls):
    template = steps.in_force(ines, NOW, [acme])

    assert steps.change(template, NOW, cron=template.cron).version == 1
    assert use_of(template, acme).state == State.APPLIED


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({"cron": "nonsense"}, "cron"),
        ({"formats": []}, "formats"),
        ({"parameters": {"Nothing": 1}}, "parameters"),
        ({"slug": "new"}, "slug"),
    ],
)
def test_a_template_that_is_no_schedule_is_refused(values, place, ines, daily_calls):
    with pytest.raises(Refused) as refused:
        steps.make(ines, NOW, **values)

    assert refused.value.code == "template_invalid"
    assert refused.value.places[0].path[0] == place


def test_a_short_name_is_given_once(ines, daily_calls):
    steps.make(ines, NOW)

    with pytest.raises(Refused, match="Another template has the short name morning"):
        steps.make(ines, NOW)
