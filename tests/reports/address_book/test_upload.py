"""What each line of a list would do, and doing all of it or nothing."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reports.address_book.lists import Line
from reports.address_book.upload import MOST_GUESSES, Result, judge, save
from reports.models import GroupMember, Recipient, Suppression
from reports.refused import Refused
from tenants.audit import Actor
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests.factories import make_group, make_recipient

pytestmark = pytest.mark.django_db
ADAM = Actor("adam@acme.example")


@pytest.fixture
def desk(acme):
    return make_group(tenant=acme, name="Night desk", recipients=[make_recipient(tenant=acme, email="anna@customer.example", name="Anna")])


def judged(tenant, *lines):
    with tenant_scope(tenant):
        return judge(tenant, lines)


def saved(tenant, *lines, now, leave_out=False):
    with tenant_scope(tenant):
        return save(tenant, ADAM, lines, leave_out=leave_out, source="list.csv", now=now)


def test_thousands_of_wrong_groups_are_compared_a_few_times(acme):
    make_group(tenant=acme, name="Night desk")

    found = judged(acme, *(Line(number, f"p{number}@customer.example", groups=(f"Nigth desk {number}",)) for number in range(30)))

    guessed = ["Did you mean" in one.faults["groups"] for one in found]
    assert guessed == [True] * MOST_GUESSES + [False] * (30 - MOST_GUESSES)
    assert "There is no group" in found[-1].faults["groups"]


def book(tenant):
    with tenant_scope(tenant):
        groups = list(GroupMember.objects.values_list("recipient__email", "group__name").order_by("recipient__email"))
        return list(Recipient.objects.order_by("email").values_list("email", "name", "language")), groups


@pytest.mark.parametrize(
    ("line", "result", "changes"),
    [
        (Line(2, "Boris@Customer.example", "Boris"), Result.NEW, []),
        (Line(2, "anna@customer.example"), Result.SAME, []),
        (Line(2, "ANNA@customer.example", "Anna", ("night DESK",)), Result.SAME, []),
        (Line(2, "anna@customer.example", "Anna B."), Result.CHANGED, ["name"]),
        (Line(2, "anna@customer.example", "", (), "Deutsch"), Result.CHANGED, ["language"]),
        (Line(2, "anna@customer.example", "", ("Head office",)), Result.CHANGED, ["groups"]),
    ],
)
def test_a_line_is_new_changed_or_the_same(acme, desk, line, result, changes):
    make_group(tenant=acme, name="Head office")

    (one,) = judged(acme, line)

    assert (one.result, one.changes) == (result, changes)


@pytest.mark.parametrize(
    ("line", "field", "told"),
    [
        (Line(2, "boris@customer"), "email", "no ending"),
        (Line(2, ""), "email", "address is needed"),
        (Line(2, "boris@evil.example"), "email", "Reports may not go to evil.example"),
        (Line(2, "bounced@customer.example", "Bo"), "email", "bounced on 2 Mar 2026. Ask Bo for the right one."),
        (Line(2, "b@customer.example", "x" * 121), "name", "at most 120"),
        (Line(2, "b@customer.example", "a\u202eb"), "name", "invisible"),
        (Line(2, "b@customer.example", "", ("Nigth desk",)), "groups", "Did you mean “Night desk”?"),
        (Line(2, "b@customer.example", "", ("Zebra",)), "groups", "There is no group “Zebra”"),
        (Line(2, "b@customer.example", "", (), "Klingon"), "language", "English, Deutsch"),
    ],
)
def test_what_needs_a_change_is_told_at_its_field(acme, desk, now, line, field, told):
    acme.recipient_domains = ["customer.example"]
    with tenant_scope(acme):
        Suppression.objects.create(tenant=acme, email="bounced@customer.example", reason="bounced", at=now)

    (one,) = judged(acme, line)

    assert one.result == Result.WRONG
    assert told in one.faults[field]
    assert list(one.faults) == [field]


def test_the_second_line_of_one_address_needs_a_change(acme, desk):
    first, second = judged(acme, Line(2, "b@customer.example"), Line(7, "B@customer.example"))

    assert first.result == Result.NEW
    assert second.faults == {"email": "The same address stands in line 2."}


def test_somebody_who_stopped_the_emails_may_be_in_a_list_and_gets_nothing(acme, desk, now):
    with tenant_scope(acme):
        Suppression.objects.create(tenant=acme, email="s@customer.example", reason="unsubscribed", at=now)

    (one,) = judged(acme, Line(2, "s@customer.example"))

    assert (one.result, one.stopped) == (Result.NEW, True)


def test_a_list_is_saved_once_and_again_changes_nothing(acme, desk, now):
    lines = [Line(2, "b@customer.example", "Boris", ("Night desk",), "de"), Line(3, "anna@customer.example", "Anna B.")]

    first = saved(acme, *lines, now=now)
    after = book(acme)
    again = saved(acme, *lines, now=now)

    assert (first.added, first.changed, first.left_out) == (1, 1, 0)
    assert (again.added, again.changed) == (0, 0)
    assert (
        book(acme)
        == after
        == (
            [("anna@customer.example", "Anna B.", ""), ("b@customer.example", "Boris", "de")],
            [("anna@customer.example", "Night desk"), ("b@customer.example", "Night desk")],
        )
    )
    with tenant_scope(acme):
        assert AuditEvent.objects.filter(tenant=acme).count() == 1


def test_one_wrong_line_keeps_all_from_being_saved(acme, desk, now):
    before = book(acme)

    with pytest.raises(Refused) as refused:
        saved(acme, Line(2, "b@customer.example"), Line(3, "nobody"), now=now)

    assert refused.value.places[0].path == ("lines", "3", "email")
    assert book(acme) == before


def test_wrong_lines_can_be_left_out(acme, desk, now):
    result = saved(acme, Line(2, "b@customer.example"), Line(3, "nobody"), now=now, leave_out=True)

    assert (result.added, result.left_out) == (1, 1)
    assert [email for email, *_ in book(acme)[0]] == ["anna@customer.example", "b@customer.example"]


def test_five_thousand_lines_are_no_more_statements_than_one(acme, desk, now):
    def asked(*lines):
        with tenant_scope(acme), CaptureQueriesContext(connection) as captured:
            judge(acme, lines)
        return len(captured)

    many = [Line(n, f"p{n}@customer.example", f"P {n}", ("Night desk",)) for n in range(5000)]

    assert asked(*many) == asked(Line(2, "b@customer.example"))


@pytest.mark.django_db(transaction=True)
def test_the_same_list_saved_twice_at_once_adds_everybody_once(acme, now):
    make_group(tenant=acme, name="Night desk")
    lines = [Line(n, f"p{n}@customer.example", f"P {n}", ("Night desk",)) for n in range(50)]
    start, faults = threading.Barrier(2), []

    def one():
        try:
            start.wait()
            saved(acme, *lines, now=now)
        except Exception as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []
    people, members = book(acme)
    assert (len(people), len(members)) == (50, 50)
