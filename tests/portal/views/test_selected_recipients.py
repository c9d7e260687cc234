from __future__ import annotations

import pytest
from django.utils import timezone

from reports.erasing.rows import Person, take_out
from reports.models import AudienceRecipient, Delivery, GroupMember, Link, Recipient, RecipientGroup, Undo
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests.factories import make_audience, make_delivery, make_group, make_job, make_link, make_occurrence, make_recipient, make_schedule
from tests.portal.views.undo import press_undo, toast_of

pytestmark = pytest.mark.django_db
PEOPLE = "/t/acme/recipients/"


def trail(tenant):
    with tenant_scope(tenant):
        return sorted(AuditEvent.objects.values_list("action", flat=True))


@pytest.fixture
def people(acme, daily_calls):
    weekly = make_schedule(tenant=acme, report=daily_calls)
    made = [make_recipient(tenant=acme, email=f"anna{n}@customer.example", name=f"Anna {n}", external_id=f"x{n}") for n in range(3)]
    make_group(tenant=acme, name="Night managers", recipients=made)
    audience = make_audience(schedule=weekly, recipients=made)
    job = make_job(tenant=acme, status="completed", occurrence=make_occurrence(schedule=weekly))
    mailed = make_delivery(job=job, recipient=made[0], address=made[0].email, status="sent")
    make_link(job=job, recipient=made[0], email=made[0].email, delivery=mailed)
    return made, audience


def remove_people(browser, rows):
    return browser.post(f"{PEOPLE}selected/remove/", {"id": [str(row.pk) for row in rows]}, follow=True)


def picture(tenant):
    with tenant_scope(tenant):
        return (
            sorted(Recipient.objects.values_list("id", "email", "name", "external_id", "created_at")),
            sorted(GroupMember.objects.values_list("group", "recipient")),
            sorted(AudienceRecipient.objects.values_list("audience", "recipient")),
            list(Delivery.objects.values_list("recipient", flat=True)),
            list(Link.objects.values_list("recipient", flat=True)),
        )


def test_people_who_were_removed_come_back_with_all_that_was_theirs(as_adam, acme, people):
    made, _audience = people
    before = picture(acme)

    removed = remove_people(as_adam, made)
    assert picture(acme)[:3] == ([], [], [])
    told = press_undo(as_adam, removed)

    assert toast_of(removed)[2] == "3 people removed."
    assert "Undone: 3 people are back." in told.content.decode()
    assert picture(acme) == before
    assert trail(acme).count("recipient.removal_undone") == 3


def test_who_was_added_again_meanwhile_is_left_as_they_are(as_adam, acme, people):
    made, _audience = people
    removed = remove_people(as_adam, made)
    make_recipient(tenant=acme, email="anna1@customer.example", name="Anna the second")

    told = press_undo(as_adam, removed).content.decode()

    assert "Undone: 2 people are back, 1 could not be: in the list again already." in told
    with tenant_scope(acme):
        assert Recipient.objects.get(email="anna1@customer.example").name == "Anna the second"


def test_a_group_that_is_gone_keeps_nobody_away(as_adam, acme, people):
    made, _audience = people
    removed = remove_people(as_adam, made)
    with tenant_scope(acme):
        RecipientGroup.objects.all().delete()

    press_undo(as_adam, removed)

    with tenant_scope(acme):
        assert (Recipient.objects.count(), GroupMember.objects.count(), AudienceRecipient.objects.count()) == (3, 0, 3)


def test_whom_the_page_of_one_person_removed_comes_back_and_revoked_links_do_not(as_adam, acme, people):
    made, _audience = people
    removed = as_adam.post(f"{PEOPLE}{made[0].pk}/remove/", {"revoke_links": "on"}, follow=True)

    press_undo(as_adam, removed)

    with tenant_scope(acme):
        assert Recipient.objects.filter(pk=made[0].pk).exists()
        assert Link.objects.get().revoked_at


def test_nobody_who_was_erased_comes_back(as_adam, acme, people):
    made, _audience = people
    removed = remove_people(as_adam, made)
    with tenant_scope(acme):
        take_out(Person(acme, made[0].email, "erased-1@erased.invalid"), timezone.now())

    press_undo(as_adam, removed)

    with tenant_scope(acme):
        assert not Recipient.objects.exists()


def test_what_was_kept_goes_when_it_is_undone(as_adam, acme, people):
    press_undo(as_adam, remove_people(as_adam, people[0]))

    with tenant_scope(acme):
        assert [undo.rows for undo in Undo.objects.all()] == [[]]


def test_fifty_people_leave_and_come_back_in_few_statements(as_adam, acme, django_assert_max_num_queries):
    made = [make_recipient(tenant=acme) for _ in range(50)]
    make_group(tenant=acme, recipients=made)

    with django_assert_max_num_queries(25):
        removed = as_adam.post(f"{PEOPLE}selected/remove/", {"id": [str(one.pk) for one in made]})
    removed = as_adam.get(removed["Location"])
    with django_assert_max_num_queries(35):
        address, token, _told = toast_of(removed)
        as_adam.post(address, {"token": token})

    with tenant_scope(acme):
        assert (Recipient.objects.count(), GroupMember.objects.count()) == (50, 50)


def test_a_viewer_sees_no_boxes_and_removes_nobody(as_alice, acme, people):
    assert 'form="selected"' not in as_alice.get(PEOPLE).content.decode()
    assert as_alice.post(f"{PEOPLE}selected/remove/", {"id": str(people[0][0].pk)}).status_code == 403
    with tenant_scope(acme):
        assert Recipient.objects.count() == 3


def test_what_another_company_has_is_not_found(as_adam, people, globex):
    theirs = make_recipient(tenant=globex)

    told = remove_people(as_adam, [people[0][0], theirs]).content.decode()

    assert "1 person removed, 1 could not be: not found." in told
    with tenant_scope(globex):
        assert Recipient.objects.filter(pk=theirs.pk).exists()
