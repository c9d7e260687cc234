"""Who gets which rows: the audiences of a schedule, their narrowing tags, and the people in them."""

from __future__ import annotations

import pytest
from django.urls import reverse

from reports.models import Audience, Delivery, Recipient
from reports.schedules import addressees
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests.factories import make_audience, make_delivery, make_group, make_job, make_recipient, make_report, make_schedule

pytestmark = pytest.mark.django_db
RULES = [
    {
        "dataset": "calls",
        "enabled": True,
        "rules": [{"key": key, "delimiter": ",", "match_all": "*"} for key in ("tenant_id", "property", "brand")],
        "groups": [["tenant_id"], ["tenant_id", "property"], ["tenant_id", "brand"]],
    }
]


@pytest.fixture
def pack(acme):
    report = make_report(slug="overview", name="Property overview", row_rules=RULES)
    return make_schedule(tenant=acme, report=report, name="Morning pack")


@pytest.fixture
def anna(acme):
    return make_recipient(tenant=acme, email="anna@customer.example", name="Anna Berg")


@pytest.fixture
def porto(acme, pack, anna):
    managers = make_group(tenant=acme, name="Porto managers", recipients=[make_recipient(tenant=acme, email="ben@customer.example")])
    return make_audience(schedule=pack, name="Porto", session_tags={"property": "porto"}, recipients=[anna], groups=[managers])


def address(schedule, name="schedule_audiences", *more):
    return reverse(name, args=["acme", schedule.pk, *more])


def page(browser, schedule, **query):
    answer = browser.get(address(schedule), query)
    assert answer.status_code == 200
    return answer.content.decode()


def stored(schedule):
    with tenant_scope(schedule.tenant_id):
        return {
            audience.name: (audience.session_tags, addressees.lines_of(audience))
            for audience in schedule.audiences.select_related("tenant")
        }


def typed(**values):
    return {"name": "Porto", "recipients": "anna@customer.example\nporto managers", "key-0": "property", "value-0": "porto"} | values


def test_the_list_tells_each_audiences_tags_people_and_groups(as_adam, pack, porto):
    shown = page(as_adam, pack)

    assert "property=porto" in shown
    assert "2 people" in shown
    assert "Porto managers" in shown


def test_the_companys_own_keys_are_told_and_never_offered(as_adam, pack, porto):
    shown = as_adam.get(address(pack, "schedule_audience", porto.pk)).content.decode()

    assert '<dt class="mono">tenant_id</dt><dd class="mono">acme</dd>' in shown
    assert '<dt class="mono is-run">property</dt><dd class="mono is-run">porto</dd>' in shown
    assert '<option value="brand">' in shown
    assert '<option value="tenant_id"' not in shown


def test_an_audience_is_stored_as_it_was_typed(as_adam, acme, pack):
    make_group(tenant=acme, name="Porto managers")

    answer = as_adam.post(address(pack, "schedule_audience_new"), typed(**{"key-1": "", "value-1": ""}))

    assert answer["Location"] == address(pack)
    assert stored(pack) == {"Porto": ({"property": "porto"}, ["Porto managers", "anna@customer.example"])}
    with tenant_scope(acme):
        assert AuditEvent.objects.get(action="audience.created").after["session_tags"] == {"property": "porto"}


@pytest.mark.parametrize(
    ("values", "at", "told"),
    [
        ({"name": ""}, "name", "This field is required"),
        ({"name": "TAKEN"}, "name", "called “TAKEN” already"),
        ({"value-0": "porto,faro"}, "value-0", "contains the delimiter"),
        ({"value-0": "*"}, "value-0", "means all rows"),
        ({"value-0": ""}, "value-0", "Type the value"),
        ({"key-0": ""}, "key-0", "Choose by what"),
        ({"key-0": "tenant_id"}, "key-0", "not one of the available choices"),
        ({"recipients": "nobody"}, "recipients", "neither an address nor the name of a group"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_nothing_is_stored(as_adam, acme, pack, values, at, told):
    make_group(tenant=acme, name="Porto managers")
    make_audience(schedule=pack, name="Taken")

    answer = as_adam.post(address(pack, "schedule_audience_new"), typed(**values))

    assert answer.status_code == 422
    assert told in str(answer.context["form"].errors[at])
    assert set(stored(pack)) == {"Taken"}
    with tenant_scope(acme):
        assert not Recipient.objects.filter(email="anna@customer.example").exists()


def test_rows_that_no_rule_narrows_are_not_offered_to_be_narrowed(as_adam, acme):
    plain = make_schedule(tenant=acme, report=make_report(slug="plain"))

    shown = as_adam.get(address(plain, "schedule_audience_new")).content.decode()

    assert "cannot be narrowed" in shown
    assert 'name="key-0"' not in shown


def test_the_audience_of_all_rows_has_no_name_and_no_tags(as_adam, pack, anna):
    everybody = make_audience(schedule=pack, recipients=[anna])

    as_adam.post(
        address(pack, "schedule_audience", everybody.pk), {"recipients": "ben@customer.example", "key-0": "property", "value-0": "x"}
    )

    assert stored(pack) == {"": ({}, ["ben@customer.example"])}


def test_a_change_replaces_people_and_keeps_them_in_the_address_book(as_adam, acme, pack, porto):
    as_adam.post(address(pack, "schedule_audience", porto.pk), typed(name="Porto Ribeira", recipients="cleo@customer.example"))

    assert stored(pack) == {"Porto Ribeira": ({"property": "porto"}, ["cleo@customer.example"])}
    with tenant_scope(acme):
        anna = Recipient.objects.get(email="anna@customer.example")
        event = AuditEvent.objects.get(action="audience.changed")
    assert event.before["recipients"] == ["Porto managers", f"recipient:{anna.pk}"]


def test_removing_asks_first_and_keeps_what_was_sent(as_adam, acme, pack, porto):
    job = make_job(tenant=acme, report=pack.report, status="completed")
    sent = make_delivery(job=job, status="sent", audience=porto, audience_name="Porto")
    remove = address(pack, "schedule_audience_remove", porto.pk)
    assert "get nothing of" in as_adam.get(remove).content.decode()

    answer = as_adam.post(remove)

    assert answer["Location"] == address(pack)
    assert stored(pack) == {}
    with tenant_scope(acme):
        assert Delivery.objects.get(pk=sent.pk).audience_name == "Porto"
        assert AuditEvent.objects.filter(action="audience.removed").exists()


def test_who_is_in_two_audiences_is_told(as_adam, pack, porto, anna):
    make_audience(schedule=pack, recipients=[anna])

    shown = page(as_adam, pack)

    assert "One person is in more than one audience." in shown
    assert "anna@customer.example: All rows, Porto" in shown


@pytest.mark.parametrize(
    ("search", "told"), [("ANNA@", "Anna Berg"), ("berg", "Anna Berg"), ("ben@", "through the group “Porto managers”")]
)
def test_a_person_is_found_with_what_they_get(as_adam, pack, porto, search, told):
    shown = page(as_adam, pack, person=search)

    assert told in shown
    assert "gets PDF with the rows of “Porto”" in shown


def test_nobody_of_that_name_is_said(as_adam, pack, porto):
    assert "Nobody of that name or address" in page(as_adam, pack, person="zoe")


def test_an_audience_is_found_under_its_own_schedule_only(as_adam, acme, pack, porto):
    other = make_schedule(tenant=acme, report=pack.report)

    assert as_adam.get(address(other, "schedule_audience", porto.pk)).status_code == 404


def test_somebody_who_may_only_look_changes_nothing(as_alice, pack, porto):
    shown = page(as_alice, pack)

    assert "Porto" in shown
    assert "Add an audience" not in shown
    assert as_alice.post(address(pack, "schedule_audience_new"), typed(name="New")).status_code == 403
    with tenant_scope(pack.tenant_id):
        assert Audience.objects.count() == 1
