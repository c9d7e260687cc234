"""The pages of people and groups, as members use them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from reports.models import Download, Recipient, RecipientGroup, Suppression
from tenants.models import AuditEvent
from tenants.scope import platform_scope, tenant_scope
from tests.factories import (
    make_audience,
    make_delivery,
    make_group,
    make_job,
    make_link,
    make_recipient,
    make_report,
    make_schedule,
    make_suppression,
)
from tests.portal.views.test_queries import MOST, asked

pytestmark = pytest.mark.django_db
LIST, GROUPS = "/t/acme/recipients/", "/t/acme/recipients/groups/"


def shown(browser, path):
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def people(tenant):
    with tenant_scope(tenant):
        return sorted(Recipient.objects.values_list("email", flat=True))


def stop(tenant, email, reason="bounced", **fields):
    return make_suppression(tenant=tenant, email=email, reason=reason, **fields)


def audited(tenant):
    """Read as the platform's people would."""
    with tenant_scope(tenant):
        return list(AuditEvent.objects.filter(tenant=tenant).order_by("at").values_list("action", "after"))


@pytest.fixture
def anna(acme):
    return make_recipient(tenant=acme, email="anna@customer.example", name="Anna Berg")


@pytest.fixture
def desk(acme, anna):
    return make_group(tenant=acme, name="Night desk", recipients=[anna])


def test_the_list_tells_what_each_person_gets_and_when_they_last_downloaded(as_adam, acme, anna, desk, ready_job):
    make_audience(schedule=make_schedule(tenant=acme, report=make_report(name="Morning pack")), groups=[desk])
    make_audience(schedule=make_schedule(tenant=acme, report=make_report(name="Month close")), recipients=[anna])
    link, _ = make_link(job=ready_job, recipient=anna, uses=1)
    with tenant_scope(acme):
        file = ready_job.files.get()
        Download.objects.create(tenant=acme, file=file, link=link, actor="x", at=timezone.now() - timedelta(days=400))

    page = shown(as_adam, LIST)

    assert "anna@customer.example" in page
    assert "Night desk" in page
    assert "Month close, Morning pack" in page
    assert "Active" in page
    assert "Never" not in page


def test_a_retired_schedule_is_no_more_got(as_adam, acme, anna):
    retired = make_schedule(tenant=acme, report=make_report(name="Old pack"), retired_at=timezone.now())
    make_audience(schedule=retired, recipients=[anna])

    assert "Nothing now" in shown(as_adam, LIST)


def test_people_are_found_by_name_address_group_and_report(as_adam, acme, anna, desk):
    report = make_report(name="Month close", slug="month-close")
    make_recipient(tenant=acme, email="boris@customer.example", name="Boris Weg")
    make_audience(schedule=make_schedule(tenant=acme, report=report), groups=[desk])

    for query in ("q=berg", "q=ANNA@", f"group={desk.pk}", "report=month-close", f"q=anna&group={desk.pk}&report=month-close"):
        page = shown(as_adam, f"{LIST}?{query}")
        assert "anna@customer.example" in page
        assert "boris@customer.example" not in page
    assert "Nobody is there for “zoe”, Night desk." in shown(as_adam, f"{LIST}?q=zoe&group={desk.pk}")


def test_pages_of_people_follow_by_address(as_adam, acme):
    for number in range(60):
        make_recipient(tenant=acme, email=f"p{number:02}@customer.example")

    first = shown(as_adam, LIST)
    second = shown(as_adam, f"{LIST}?after=p49%40customer.example")

    assert "p49@" in first
    assert "p50@" not in first
    assert "after=p49%40customer.example" in first
    assert "p50@" in second
    assert "p49@customer.example</a>" not in second
    assert as_adam.get(f"{LIST}?after=%00").status_code == 404


def test_a_person_is_added_changed_and_removed_on_record(as_adam, acme, desk):
    new = {"email": "Boris@Customer.example", "name": "Boris", "language": "de", "groups": [str(desk.pk)]}

    assert as_adam.post(f"{LIST}new/", new)["Location"] == LIST
    with tenant_scope(acme):
        boris = Recipient.objects.get(email="boris@customer.example")
        assert [group.name for group in boris.groups.all()] == ["Night desk"]
    assert as_adam.post(f"{LIST}{boris.pk}/", {"email": "b@customer.example", "name": "Boris"})["Location"] == LIST
    assert as_adam.post(f"{LIST}{boris.pk}/remove/")["Location"] == LIST

    assert people(acme) == ["anna@customer.example"]
    assert [action for action, _ in audited(acme)] == ["recipient.added", "recipient.changed", "recipient.removed"]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"email": "nobody"}, "This is no email address"),
        ({"email": "anna@customer.example"}, "is in the list already"),
        ({"email": "x@evil.example"}, "Reports may not go to evil.example"),
        ({"email": "b@customer.example", "name": "x" * 130}, "at most 120 characters"),
        ({"email": "b@customer.example", "language": "xx"}, "not one of the available choices"),
        ({"email": ""}, "This field is required"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_nothing_is_stored(as_adam, acme, anna, typed, told):
    with_domains(acme, ["customer.example"])

    answer = as_adam.post(f"{LIST}new/", {"name": "", "language": ""} | typed)

    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert people(acme) == ["anna@customer.example"]
    assert audited(acme) == []


def with_domains(tenant, domains):
    tenant.recipient_domains = domains
    with platform_scope():
        tenant.save(update_fields=["recipient_domains"])


def test_who_was_there_before_a_domain_was_closed_may_still_be_renamed(as_adam, acme, anna):
    with_domains(acme, ["elsewhere.example"])

    assert as_adam.post(f"{LIST}{anna.pk}/", {"email": anna.email, "name": "Anna B."}).status_code == 303


def test_removing_offers_to_revoke_what_the_person_can_open(as_adam, acme, anna, ready_job):
    link, _ = make_link(job=ready_job, recipient=anna, email=anna.email)
    delivery = make_delivery(job=ready_job, address=anna.email, recipient=anna, status="sent")

    assert "; 1 of them works" in shown(as_adam, f"{LIST}{anna.pk}/remove/")
    as_adam.post(f"{LIST}{anna.pk}/remove/", {"revoke_links": "on"})

    with tenant_scope(acme):
        link.refresh_from_db()
        delivery.refresh_from_db()
    assert link.revoked_at
    assert delivery.address == "anna@customer.example"
    assert delivery.recipient_id is None


def test_links_stay_when_that_is_wanted(as_adam, acme, anna, ready_job):
    link, _ = make_link(job=ready_job, recipient=anna, email=anna.email)

    as_adam.post(f"{LIST}{anna.pk}/remove/", {})

    with tenant_scope(acme):
        link.refresh_from_db()
    assert link.revoked_at is None


def test_a_bounced_address_is_told_and_can_be_sent_to_again(as_adam, acme, anna):
    row = stop(acme, anna.email, detail="550 no such user")

    assert "Bounced" in shown(as_adam, LIST)
    assert "550 no such user" in shown(as_adam, f"{LIST}bounced/")
    assert "550 no such user" in shown(as_adam, f"{LIST}{anna.pk}/")
    answer = as_adam.post(f"{LIST}stopped/{row.pk}/send-again/", follow=True)

    assert "Emails go to anna@customer.example again" in answer.content.decode()
    assert "Bounced</span>" not in shown(as_adam, LIST)
    assert [action for action, _ in audited(acme)] == ["recipient.send_again"]


@pytest.mark.parametrize(("reason", "why"), [("unsubscribed", "Only they can start them again"), ("complained", "marked an email as spam")])
def test_what_the_person_stopped_themselves_stays_so(as_adam, acme, anna, reason, why):
    row = stop(acme, anna.email, reason)

    assert "Send again" not in shown(as_adam, f"{LIST}stopped/")
    page = shown(as_adam, f"{LIST}{anna.pk}/")
    assert "Send again" not in page
    assert why in page
    assert why in as_adam.post(f"{LIST}stopped/{row.pk}/send-again/", follow=True).content.decode()
    with tenant_scope(acme):
        assert Suppression.objects.filter(pk=row.pk).exists()


def test_an_address_stays_stopped_when_its_person_is_gone(as_adam, acme):
    stop(acme, "gone@customer.example", "unsubscribed")

    assert "Not in the list any more" in shown(as_adam, f"{LIST}stopped/")


def test_a_group_is_made_named_filled_and_removed(as_adam, acme, anna):
    made = as_adam.post(f"{GROUPS}new/", {"name": "  Head   office "})["Location"]
    as_adam.post(f"{made}people/", {"people": "ANNA@customer.example,\n"})
    assert "anna@customer.example" in shown(as_adam, made)
    as_adam.post(made, {"name": "Main office"})
    assert "1 person" in shown(as_adam, GROUPS)
    as_adam.post(f"{made}people/", {"leave": anna.email})
    assert "0 people" in shown(as_adam, GROUPS)
    as_adam.post(f"{made}remove/")

    with tenant_scope(acme):
        assert not RecipientGroup.objects.exists()
    assert people(acme) == [anna.email]
    assert [action for action, _ in audited(acme)] == ["group.added", "group.joined", "group.renamed", "group.left", "group.removed"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("night DESK", "There is a group “night DESK” already"),
        ("a|b", "cannot have"),
        ("a, b", "cannot have"),
        ("a;b", "cannot have"),
        ("a@b", "cannot have"),
        ("x" * 121, "at most 120"),
        (" ", "required"),
    ],
)
def test_a_groups_name_is_its_own(as_adam, desk, name, told):
    answer = as_adam.post(f"{GROUPS}new/", {"name": name})

    assert answer.status_code == 422
    assert told in answer.content.decode()


def test_nobody_joins_a_group_when_one_address_is_unknown(as_adam, acme, anna, desk):
    make_recipient(tenant=acme, email="boris@customer.example")

    answer = as_adam.post(f"{GROUPS}{desk.pk}/people/", {"people": "boris@customer.example zoe@customer.example"})

    assert answer.status_code == 422
    assert "Not in the list of people: zoe@customer.example" in answer.content.decode()
    assert "1 person" in shown(as_adam, GROUPS)


def test_removing_a_group_names_the_schedules_that_send_to_it(as_adam, acme, desk):
    make_audience(schedule=make_schedule(tenant=acme, report=make_report(name="Morning pack")), groups=[desk])

    assert "Morning pack" in shown(as_adam, f"{GROUPS}{desk.pk}/remove/")


def test_groups_tell_which_rows_they_see(as_adam, acme, desk):
    schedule = make_schedule(tenant=acme, report=make_report(name="Morning pack"))
    make_audience(schedule=schedule, name="Porto", session_tags={"desk": "porto"}, groups=[desk])

    page = shown(as_adam, GROUPS)

    assert "desk=porto" in page
    assert "All rows" not in page


def test_a_viewer_sees_the_lists_and_changes_nothing(as_alice, acme, anna, desk):
    row = stop(acme, anna.email)

    for path in (LIST, GROUPS, f"{LIST}bounced/"):
        page = shown(as_alice, path)
        assert "Add a person" not in page
        assert "New group" not in page
        assert "Send again<" not in page
    closed = [f"{LIST}new/", f"{LIST}upload/", f"{LIST}{anna.pk}/", f"{LIST}{anna.pk}/remove/", f"{GROUPS}{desk.pk}/", f"{GROUPS}new/"]
    assert {as_alice.get(path).status_code for path in closed} == {403}
    posted = [*closed, f"{GROUPS}{desk.pk}/people/", f"{GROUPS}{desk.pk}/remove/", f"{LIST}stopped/{row.pk}/send-again/"]
    assert {as_alice.post(path).status_code for path in posted} == {403}


def test_the_list_as_a_file_is_harmless_in_a_spreadsheet_and_holds_what_is_filtered(as_alice, acme, anna, desk):
    make_recipient(tenant=acme, email="+b@customer.example", name='=HYPERLINK("x")')

    everybody = as_alice.get(f"{LIST}export/").content.decode()
    one = as_alice.get(f"{LIST}export/?group={desk.pk}").content.decode()

    assert everybody.splitlines()[1:] == [
        '\'+b@customer.example,"\'=HYPERLINK(""x"")",,',
        "anna@customer.example,Anna Berg,Night desk,",
    ]
    assert one.splitlines() == ["\ufeffemail,name,group,language", "anna@customer.example,Anna Berg,Night desk,"]


@pytest.fixture
def many(acme, adam):
    """Many people who get much, in many groups."""
    made = [make_recipient(tenant=acme, email=f"p{number:02}@customer.example") for number in range(20)]
    for number in range(6):
        group = make_group(tenant=acme, name=f"Group {number}", recipients=made[number:])
        make_audience(schedule=make_schedule(tenant=acme, report=make_report()), groups=[group], recipients=made[:9])
        stop(acme, made[number].email, "bounced" if number % 2 else "complained")
        make_link(job=make_job(tenant=acme, status="completed"), recipient=made[number], uses=1)
    return made


@pytest.mark.parametrize("path", ["", "?q=p&report=x", "bounced/", "stopped/", "export/", "upload/", "new/", "groups/", "groups/new/"])
def test_the_lists_ask_little_however_much_there_is(as_adam, many, path):
    assert len(asked(as_adam, f"{LIST}{path}")) <= MOST


def test_one_person_and_one_group_ask_little_too(as_adam, acme, many):
    with tenant_scope(acme):
        group = RecipientGroup.objects.first()

    for path in (f"{LIST}{many[3].pk}/", f"{LIST}{many[3].pk}/remove/", f"{GROUPS}{group.pk}/", f"{GROUPS}{group.pk}/remove/"):
        assert len(asked(as_adam, path)) <= MOST
