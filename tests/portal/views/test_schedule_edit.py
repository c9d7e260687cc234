"""Making and changing a schedule: what is typed, what is stored, what is told at the fields, and what two people see of each other."""

from __future__ import annotations

import re
import uuid
from datetime import date, time, timedelta

import pytest
from django.contrib.auth.hashers import check_password
from django.urls import reverse
from django.utils import timezone

from reports.models import Audience, Recipient, Schedule
from reports.schedules import addressees
from tenants.models import AuditEvent
from tenants.scope import platform_scope, tenant_scope
from tests.factories import make_audience, make_destination, make_group, make_recipient, make_report, make_schedule

pytestmark = pytest.mark.django_db
NEW = "/t/acme/schedules/new/"
PREVIEW = "/t/acme/schedules/preview/"


def filled(**values):
    """What a browser sends of a form that is filled in well."""
    return {
        "key": str(uuid.uuid4()),
        "report": "daily-calls",
        "name": "Morning pack",
        "formats": ["PDF"],
        "how": "weekdays",
        "at": "07:30",
        "timezone": "Europe/Berlin",
        "recipients": "anna@customer.example",
        "missed": "latest",
        "parameter-0": ["North"],
        "parameter-1": "2026-10-26",
        "parameter-1-period": "",
        "parameter-2": "20",
        "owner": "",
    } | values


@pytest.fixture
def managers(acme):
    ben = make_recipient(tenant=acme, email="ben@customer.example")
    return make_group(tenant=acme, name="Night managers", recipients=[ben])


@pytest.fixture
def pack(acme, daily_calls):
    return make_schedule(tenant=acme, report=daily_calls, name="Morning pack", parameters={"Region": ["North"]})


def stored(tenant):
    with tenant_scope(tenant):
        return Schedule.objects.select_related("report").get()


def lines(schedule):
    with tenant_scope(schedule.tenant_id):
        return addressees.lines_of(Audience.objects.filter(schedule=schedule, name="").first())


def edit(schedule):
    return reverse("schedule_edit", args=["acme", schedule.pk])


def typed_of(page):
    """What the form on a page would send as it stands, as far as these tests need it."""
    return dict(re.findall(r'name="(key|version)" value="([^"]*)"', page))


def test_a_schedule_is_stored_as_it_was_typed(as_adam, adam, acme, daily_calls, managers):
    wanted = filled(
        starts_on="2027-01-01",
        ends_on="2027-12-31",
        ready_by="09:00",
        missed="all",
        recipients="Anna@Customer.example\nnight managers",
        cc="boss@customer.example, second@customer.example",
        link_days="7",
        link_max_uses="5",
        link_protection="passcode",
        passcode="open sesame",
        subject="{report} for you",
        message="Good morning,\r\nhere it is.",
        tell_owner="on",
        owner=str(adam.pk),
    )

    answer = as_adam.post(NEW, wanted)

    made = stored(acme)
    assert answer["Location"] == reverse("schedule", args=["acme", made.pk])
    assert (made.name, made.report, made.formats, made.cron, made.timezone) == (
        "Morning pack",
        daily_calls,
        ["PDF"],
        "30 7 * * 1-5",
        "Europe/Berlin",
    )
    assert (made.starts_on, made.ends_on, made.ready_by, made.missed) == (date(2027, 1, 1), date(2027, 12, 31), time(9), "all")
    assert made.parameters == {"Region": ["North"], "From": "2026-10-26", "MinSeconds": 20}
    assert lines(made) == ["Night managers", "anna@customer.example"]
    assert made.cc == ["boss@customer.example", "second@customer.example"]
    assert (made.link_days, made.link_max_uses, made.link_protection) == (7, 5, "passcode")
    assert check_password("open sesame", made.link_passcode)
    assert (made.subject, made.message) == ("{report} for you", "Good morning,\nhere it is.")
    assert (made.owner_id, made.tell_owner, made.slug) == (adam.pk, True, "morning-pack")
    # Friday 1 January 2027, 07:30 in Berlin.
    assert made.next_run_at.isoformat() == "2027-01-01T06:30:00+00:00"


@pytest.mark.parametrize(
    ("fields", "cron"),
    [
        ({"how": "hourly", "at": "00:15", "every": "4"}, "15 */4 * * *"),
        ({"how": "daily"}, "30 7 * * *"),
        ({"how": "weekly", "weekdays": ["1", "4"]}, "30 7 * * 1,4"),
        ({"how": "monthly", "month_day": "28"}, "30 7 28 * *"),
        ({"how": "monthly", "month_day": "L"}, "30 7 L * *"),
        ({"how": "cron", "cron": "@daily"}, "@daily"),
    ],
)
def test_how_often_is_chosen_and_shown_again(as_adam, acme, daily_calls, fields, cron):
    as_adam.post(NEW, filled(**fields))

    made = stored(acme)
    assert made.cron == cron
    form = as_adam.get(edit(made)).context["form"]
    assert form["how"].value() == ("daily" if cron == "@daily" else fields["how"])


def test_a_period_that_moves_is_stored_as_such_and_shown_again(as_adam, acme, daily_calls):
    as_adam.post(NEW, filled(**{"parameter-1-period": "last_n_days", "parameter-1-n": "7", "parameter-1-part": "end"}))

    made = stored(acme)
    assert made.parameters["From"] == {"relative": "last_n_days", "part": "end", "n": 7}
    page = as_adam.get(edit(made)).content.decode()
    assert '<option value="last_n_days" selected>' in page
    assert "Last 7 days, last day" in as_adam.get(reverse("schedule", args=["acme", made.pk])).content.decode()


@pytest.mark.parametrize(
    ("fields", "at", "told"),
    [
        ({"formats": []}, "id_formats", "This field is required"),
        ({"how": "cron", "cron": "61 7 * * *"}, "id_cron", "is not a cron expression"),
        ({"how": "cron", "cron": "0 0 30 2 *"}, "id_cron", "cron expression"),
        ({"how": "weekly"}, "id_weekdays", "Choose at least one day"),
        ({"how": "daily", "at": ""}, "id_at", "Say at what time"),
        ({"starts_on": "2027-02-01", "ends_on": "2027-01-01"}, "id_ends_on", "It ends before it starts."),
        ({"ends_on": "2020-01-01"}, "id_ends_on", "never run again"),
        ({"recipients": "anna@\nNobody"}, "id_recipients", "neither an address nor the name of a group"),
        ({"cc": "not an address"}, "id_cc", "not an address"),
        ({"subject": "{secret}"}, "id_subject", "{secret} is not known here"),
        ({"link_protection": "passcode"}, "id_passcode", "Type the passcode"),
        ({"link_protection": "passcode", "passcode": "123"}, "id_passcode", "6 to 64 characters"),
        ({"skip_if_empty": "on"}, "id_skip_if_empty", "Only a CSV tells"),
        ({"parameter-2": ""}, "id_parameter-2", "This field is required"),
        ({"parameter-1": ""}, "id_parameter-1", "needs a value"),
        ({"name": "x" * 121}, "id_name", "at most 120"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_nothing_is_stored(as_adam, acme, daily_calls, fields, at, told):
    with platform_scope():
        daily_calls.parameters.filter(name="From").update(default=None)

    answer = as_adam.post(NEW, filled(**fields))

    shown = answer.content.decode()
    assert answer.status_code == 422
    assert re.search(rf'id="{at}_error">.*{re.escape(told)}', shown)
    assert "Morning pack" in shown or "name" in fields
    with tenant_scope(acme):
        assert not Schedule.objects.exists()
        assert not Recipient.objects.exists()


def test_only_domains_that_the_company_sends_to_are_taken(as_adam, acme, daily_calls):
    with platform_scope():
        type(acme).objects.filter(pk=acme.pk).update(recipient_domains=["customer.example"])

    answer = as_adam.post(NEW, filled(recipients="anna@customer.example\neve@elsewhere.example"))

    assert answer.status_code == 422
    assert "Reports may not go to elsewhere.example" in answer.content.decode()


def test_attaching_is_offered_only_where_the_company_may(as_adam, acme, daily_calls):
    assert 'name="attach"' not in as_adam.get(NEW).content.decode()
    with platform_scope():
        type(acme).objects.filter(pk=acme.pk).update(allow_attachments=True)

    as_adam.post(NEW, filled(attach="on"))

    assert stored(acme).attach


def test_a_button_pressed_twice_makes_one_schedule(as_adam, acme, daily_calls):
    form = filled()

    first, second = as_adam.post(NEW, form), as_adam.post(NEW, form)

    assert first["Location"] == second["Location"]
    assert stored(acme)
    with tenant_scope(acme):
        assert AuditEvent.objects.filter(action="schedule.created").count() == 1


def test_something_else_typed_into_the_same_form_is_another_schedule(as_adam, acme, daily_calls):
    form = filled()

    as_adam.post(NEW, form)
    as_adam.post(NEW, form | {"name": "Evening pack"})

    with tenant_scope(acme):
        assert set(Schedule.objects.values_list("slug", flat=True)) == {"morning-pack", "evening-pack"}


def test_two_schedules_of_one_name_have_slugs_of_their_own(as_adam, acme, daily_calls):
    as_adam.post(NEW, filled())
    as_adam.post(NEW, filled())

    with tenant_scope(acme):
        assert set(Schedule.objects.values_list("slug", flat=True)) == {"morning-pack", "morning-pack-2"}


def test_a_change_is_audited_with_what_was_before(as_adam, acme, pack):
    page = as_adam.get(edit(pack)).content.decode()

    as_adam.post(edit(pack), filled(**typed_of(page), how="daily", recipients="anna@customer.example", passcode="open sesame"))

    with tenant_scope(acme):
        event = AuditEvent.objects.get(action="schedule.changed")
        anna = Recipient.objects.get(email="anna@customer.example")
    assert (event.before["cron"], event.after["cron"]) == ("30 7 * * 1-5", "30 7 * * *")
    assert (event.before["recipients"], event.after["recipients"]) == ([], [f"recipient:{anna.pk}"])
    assert event.after["passcode"] == "changed"
    assert "open sesame" not in str(event.after)


def test_who_edits_second_is_told_what_changed_and_loses_nothing(as_adam, acme, pack):
    page = as_adam.get(edit(pack)).content.decode()
    with tenant_scope(acme):
        Schedule.objects.update(subject="Theirs", timezone="Europe/Lisbon")

    answer = as_adam.post(edit(pack), filled(**typed_of(page), name="Mine"))

    shown = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody else changed this schedule" in shown
    assert "Subject: now “Theirs”" in shown
    assert 'value="Mine"' in shown
    assert stored(acme).name == "Morning pack"

    as_adam.post(edit(pack), filled(**typed_of(shown), name="Mine"))

    assert (stored(acme).name, stored(acme).subject) == ("Mine", "")


def test_a_change_of_anything_but_time_keeps_an_instant_that_is_due(as_adam, acme, daily_calls):
    due = timezone.now() - timedelta(seconds=1)
    pack = make_schedule(tenant=acme, report=daily_calls, timezone="Europe/Berlin", next_run_at=due)

    as_adam.post(edit(pack), filled())
    assert stored(acme).next_run_at == due

    as_adam.post(edit(pack), filled(at="07:31"))
    assert stored(acme).next_run_at > timezone.now()


def test_saving_what_the_portal_stopped_starts_it_again(as_adam, acme, daily_calls):
    pack = make_schedule(tenant=acme, report=daily_calls, enabled=False, fault="Unknown zone.", paused_at=timezone.now())

    as_adam.post(edit(pack), filled())

    made = stored(acme)
    assert (made.enabled, made.fault, made.paused_at) == (True, "", None)


def test_saving_what_a_person_paused_leaves_it_paused(as_adam, acme, daily_calls):
    pack = make_schedule(tenant=acme, report=daily_calls, enabled=False, paused_at=timezone.now(), paused_by="olga@acme.example")

    as_adam.post(edit(pack), filled())

    assert (stored(acme).enabled, stored(acme).paused_by) == (False, "olga@acme.example")


def test_it_may_be_handed_to_another_member_and_to_nobody_else(as_adam, acme, pack, olga, bob):
    as_adam.post(edit(pack), filled(owner=str(olga.pk)))
    assert stored(acme).owner_id == olga.pk

    answer = as_adam.post(edit(pack), filled(owner=str(bob.pk)))
    assert answer.status_code == 422
    assert stored(acme).owner_id == olga.pk


def test_a_duplicate_begins_as_the_other_one_with_all_its_audiences(as_adam, acme, daily_calls, managers):
    pack = make_schedule(
        tenant=acme, report=daily_calls, name="Morning pack", subject="Hello", link_passcode="hash", parameters={"Region": ["East"]}
    )
    make_audience(schedule=pack, recipients=[make_recipient(tenant=acme, email="anna@customer.example")])
    make_audience(schedule=pack, name="North", groups=[managers])
    address = reverse("schedule_duplicate", args=["acme", pack.pk])
    page = as_adam.get(address).content.decode()
    assert 'value="Morning pack (copy)"' in page
    assert "anna@customer.example</textarea>" in page

    for _press in range(2):
        as_adam.post(address, filled(key=typed_of(page)["key"], name="Morning pack (copy)"))

    with tenant_scope(acme):
        copy = Schedule.objects.exclude(pk=pack.pk).get()
        assert copy.link_passcode == ""
        assert set(Audience.objects.filter(schedule=copy).values_list("name", flat=True)) == {"", "North"}


def test_another_report_brings_its_own_parameters_and_keeps_what_was_typed(as_adam, acme, daily_calls, pack):
    make_schedule(
        tenant=acme, report=make_report(slug="billing", name="Billing", formats=["CSV"], parameters=[{"name": "Year", "type": "integer"}])
    )

    answer = as_adam.post(NEW, filled(report="billing", redraw="1"))

    shown = answer.content.decode()
    assert answer.status_code == 200
    assert "Year" in shown
    assert "MinSeconds" not in shown
    assert 'value="Morning pack"' in shown
    assert 'class="error"' not in shown


def test_another_report_begins_with_its_own_defaults_and_not_with_what_was_typed_for_the_first(as_adam, acme, daily_calls):
    parameters = [{"name": "Desk", "type": "string", "default": "North"}]
    make_schedule(tenant=acme, report=make_report(slug="billing", name="Billing", formats=["CSV", "PDF"], parameters=parameters))
    typed = filled(report="billing", drawn="daily-calls", redraw="1", formats=["PDF"]) | {"parameter-0": "South"}

    about = as_adam.post(NEW, typed).context["about"]

    assert [about[name].value() for name in ("name", "formats", "parameter-0")] == ["Morning pack", ["CSV"], "North"]


def test_the_same_report_drawn_again_keeps_what_was_typed(as_adam, daily_calls):
    typed = filled(drawn="daily-calls", redraw="1") | {"parameter-2": "7"}

    assert as_adam.post(NEW, typed).context["about"]["parameter-2"].value() == "7"


def test_the_next_runs_are_shown_while_it_is_typed(as_adam, daily_calls):
    answer = as_adam.post(PREVIEW, filled(how="monthly", month_day="28", at="01:30", timezone="Europe/Lisbon", starts_on="2027-03-01"))

    shown = answer.content.decode()
    assert shown.count("<li") == 5
    assert "Sun 28 Mar 2027" in shown
    assert "02:00" in shown
    assert "Clocks go forward on 28 March" in shown


def test_what_goes_to_a_server_alone_is_not_called_skipped(acme, as_adam, daily_calls):
    destination = make_destination(tenant=acme)

    shown = as_adam.post(PREVIEW, filled(recipients="", destinations=[str(destination.pk)])).content.decode()

    assert "Nobody yet" not in shown
    assert "Destinations" in shown


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"how": "cron", "cron": "nonsense"}, "must have five fields"),
        ({"how": "daily", "at": ""}, "Say how often it runs"),
        ({"ends_on": "2020-01-01"}, "never run again"),
        ({"timezone": "Nowhere/Land", "recipients": ""}, "Nobody yet"),
    ],
)
def test_the_preview_says_what_is_missing(as_adam, daily_calls, fields, told):
    answer = as_adam.post(PREVIEW, filled(**fields))

    assert answer.status_code == 200
    assert told in answer.content.decode()


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ({"starts_on": "2027-03-01"}, "Morning pack: 1 March 2027"),
        ({"starts_on": "2027-03-01", "parameter-1-period": "previous_month"}, "Morning pack: February 2027"),
        ({"subject": "{report} for {recipient}"}, "Daily call volume for …"),
        ({"parameter-1-period": "last_n_days"}, "Morning pack"),
        ({"subject": "{secret}"}, "{secret}"),
    ],
)
def test_the_preview_has_the_subject_of_the_next_mail(as_adam, daily_calls, typed, shown):
    assert as_adam.post(PREVIEW, filled(**typed)).context["preview"].subject == shown


def test_the_preview_stores_nothing(as_adam, acme, daily_calls):
    as_adam.post(PREVIEW, filled(recipients="new@customer.example"))

    with tenant_scope(acme):
        assert not Schedule.objects.exists()
        assert not Recipient.objects.exists()


def test_without_script_a_button_shows_the_next_runs(as_adam, daily_calls):
    answer = as_adam.post(NEW, filled(how="daily", redraw="1", formats=[]))

    assert answer.status_code == 200
    assert len(answer.context["preview"].runs) == 5
    assert 'class="error"' not in answer.content.decode()


def test_the_report_of_a_page_is_chosen_already(as_adam, acme, daily_calls):
    make_schedule(tenant=acme, report=make_report(slug="billing", name="Billing"))

    assert '<option value="billing" selected>' in as_adam.get(f"{NEW}?report=billing").content.decode()


def test_without_a_report_there_is_nothing_to_schedule(as_adam, acme):
    assert "has not shared a report yet" in as_adam.get(NEW).content.decode()
