"""The audit trail never says who an end customer is: its lines cannot be changed, so they would outlive an erasure."""

from __future__ import annotations

import json

import pytest
from django.forms.models import model_to_dict
from django.test import Client
from django.utils import timezone

from portal.audit_people import name_people
from reports import links
from reports.address_book import groups, people, stopped, upload
from reports.address_book.lists import Line
from reports.address_book.people import Person
from reports.delivery.unsubscribing import unsubscribe_url
from reports.models import Recipient, Suppression
from reports.schedules import addressees, audiences
from tenants.audit import Actor, record
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests import factories

pytestmark = pytest.mark.django_db
ADAM = Actor("adam@acme.example", user_id=1, ip="192.0.2.7")
ANNA, NAME, IP = "anna@customer.example", "Anna Berg-Sandström", "203.0.113.9"


def trail(tenant) -> list[AuditEvent]:
    with tenant_scope(tenant):
        return list(AuditEvent.objects.filter(tenant=tenant).order_by("at"))


def told(tenant) -> str:
    return json.dumps([model_to_dict(row) for row in trail(tenant)], default=str, ensure_ascii=False)


@pytest.fixture
def after_everything(acme, daily_calls) -> set[str]:
    """All that is done with somebody of the address book; the names of what was written down."""
    now = timezone.now()
    with tenant_scope(acme):
        anna = people.add(acme, ADAM, Person(ANNA, NAME), now=now)
        people.change(anna, ADAM, Person(ANNA, f"{NAME} II", "de"), now=now)
        group = groups.add(acme, ADAM, "Night desk", now=now)
        groups.join(group, ADAM, [anna], now=now)
        upload.save(acme, ADAM, [Line(1, ANNA, NAME, (), "en"), Line(2, f"b.{ANNA}", NAME, ("Night desk",), "")], leave_out=False, now=now)
    schedule = factories.make_schedule(tenant=acme, report=daily_calls)
    job = factories.make_job(tenant=acme, report=daily_calls, status="completed")
    factories.make_file(job=job)
    _link, _token = factories.make_link(job=job, email=ANNA, recipient=anna)
    mail = factories.make_delivery(job=job, address=ANNA, recipient=anna, status="sent")
    with tenant_scope(acme):
        both, one = addressees.read(acme, [ANNA, "Night desk"]), addressees.read(acme, [f"b.{ANNA}"])
        made = audiences.save(schedule, ADAM, name=f"Of {ANNA}"[:60], session_tags={}, people=both, now=now)
        audiences.save(schedule, ADAM, audience=made, name="Of one", session_tags={}, people=one, now=now)
        audiences.remove(made, ADAM, now=now)
        links.revoke_all(links.of_address(acme, ANNA), ADAM, now=now)
        mail.tenant = acme
        path = unsubscribe_url(mail)[len("http://127.0.0.1:8000") :]
    for act in ("stop", "start"):
        Client(REMOTE_ADDR=IP).post(path, {"do": act})
    factories.make_suppression(tenant=acme, email=ANNA, reason="bounced", detail=f"550 {NAME} is unknown")
    with tenant_scope(acme):
        stopped.send_again(acme, ANNA, ADAM, now=now)
        groups.leave(group, ADAM, [anna], now=now)
        groups.remove(group, ADAM, now=now)
        people.remove(Recipient.objects.get(email=ANNA), ADAM, revoke_links=False, now=now)
        assert not Suppression.objects.filter(email=ANNA).exists()
    return {row.action for row in trail(acme)}


def test_neither_address_nor_name_nor_network_address_is_written_down(acme, after_everything):
    assert after_everything >= {
        *("recipient.added", "recipient.changed", "recipient.removed", "recipient.unsubscribed", "recipient.resubscribed"),
        *("recipient.send_again", "recipients.uploaded", "group.joined", "group.left", "group.removed", "links.revoked"),
        *("audience.created", "audience.changed", "audience.removed"),
    }
    text = told(acme)
    assert [secret for secret in (ANNA, NAME, "Berg", IP) if secret in text] == []
    assert "adam@acme.example" in text
    assert "192.0.2.7" in text


def test_the_page_names_people_for_as_long_as_they_are_in_the_address_book(acme):
    with tenant_scope(acme):
        anna = people.add(acme, ADAM, Person(ANNA, NAME), now=timezone.now())
        here, gone = trail(acme), trail(acme)
        name_people(acme, here)
        Recipient.objects.all().delete()
        name_people(acme, gone)

    assert here[0].after["person"] == ANNA
    assert gone[0].after["person"] == "somebody who is not in the address book any more"
    assert gone[0].object_id == str(anna.pk)


def test_what_somebody_typed_loses_its_addresses_and_nothing_else(acme):
    values = {
        "message": f"Ask <{ANNA}>, or Bo.",
        "lines": f"Write to\n{ANNA}\tor “{ANNA}”",
        "cc": [ANNA.upper(), "x@xn--bcher-kva.example"],
        "tags": {ANNA: [1, None]},
        "rate": "3 @ 4",
    }
    with tenant_scope(acme):
        record(ADAM, "schedule.changed", now=timezone.now(), tenant=acme, before=values, after={"hour": 7})

    (row,) = trail(acme)
    assert row.before == {
        "message": "Ask <(not kept)>, or Bo.",
        "lines": "Write to\n(not kept)\tor (not kept)",
        "cc": ["(not kept)", "(not kept)"],
        "tags": {"(not kept)": [1, None]},
        "rate": "3 @ 4",
    }
    assert row.after == {"hour": 7}


@pytest.mark.parametrize("action", ["invitation.sent", "member.removed", "tenant.changed"])
def test_members_and_the_platforms_settings_stay_named(acme, action):
    with tenant_scope(acme):
        record(ADAM, action, now=timezone.now(), tenant=acme, after={"email": "nina@acme.example"})

    assert trail(acme)[0].after == {"email": "nina@acme.example"}


def test_staff_on_a_visit_are_named_with_where_they_came_from(acme):
    with tenant_scope(acme):
        record(Actor("Acme, admin (T-1)", impersonator="ines@platform.example", ip=IP), "job.cancelled", now=timezone.now(), tenant=acme)

    assert (trail(acme)[0].impersonator, trail(acme)[0].ip) == ("ines@platform.example", IP)
