"""Visits of platform staff: for a reason, for half an hour, seen by the company; and what they never reach."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal import urls
from reports.models import SnapshotJob
from tenants.access import ACTIONS, VISIT_ACTS, VISIT_SEES
from tenants.models import AuditEvent, SupportVisit, Tenant
from tenants.scope import staff_scope, tenant_scope
from tests import factories
from tests.recently import sign_in

pytestmark = pytest.mark.django_db
SAID = {"role": "owner", "ticket": "SUP-4431", "reason": "Three schedules failed."}


@pytest.fixture
def as_ines(client: Client, ines) -> Client:
    return sign_in(client, ines)


@pytest.fixture
def visit(as_ines, acme, daily_calls) -> SupportVisit:
    """Of Ines to acme, as an owner sees it."""
    as_ines.post("/staff/tenants/acme/visit/", SAID)
    return _visits(acme)[0]


def test_a_visit_begins_with_a_ticket_and_a_reason(as_ines, acme, daily_calls):
    before = as_ines.get("/t/acme/").status_code

    answer = as_ines.post("/staff/tenants/acme/visit/", SAID)

    assert before == 404
    assert (answer.status_code, answer["Location"]) == (303, "/t/acme/")
    page = as_ines.get("/t/acme/")
    assert page.status_code == 200
    assert "is looking at Acme Hotels as: Owner." in page.content.decode()
    assert "SUP-4431: Three schedules failed." in page.content.decode()


@pytest.mark.parametrize("missing", ["ticket", "reason"])
def test_without_a_ticket_or_a_reason_nothing_begins(as_ines, acme, missing):
    answer = as_ines.post("/staff/tenants/acme/visit/", SAID | {missing: "  "})

    assert answer.status_code == 422
    assert _visits(acme) == []


def test_a_company_may_shut_the_door(as_ines, acme, olga):
    sign_in(owner := Client(), olga).post("/t/acme/settings/support/set/", {})

    answer = as_ines.post("/staff/tenants/acme/visit/", SAID)

    assert answer.status_code == 422
    assert "does not allow support access" in answer.content.decode()
    assert _visits(acme) == []
    assert owner.get("/t/acme/settings/support/").status_code == 200


def test_shutting_the_door_ends_the_visit_that_goes_on(as_ines, visit, olga):
    sign_in(Client(), olga).post("/t/acme/settings/support/set/", {})

    assert as_ines.get("/t/acme/").status_code == 404


def test_an_owner_shows_the_visitor_out(as_ines, visit, olga):
    answer = sign_in(Client(), olga).post(f"/t/acme/settings/support/{visit.pk}/end/")

    assert answer.status_code == 303
    assert as_ines.get("/t/acme/").status_code == 404


def test_half_an_hour_ends_it(as_ines, visit, ines, acme):
    with staff_scope(ines):
        SupportVisit.objects.filter(pk=visit.pk).update(until=timezone.now() - timedelta(seconds=1))

    assert as_ines.get("/t/acme/").status_code == 404
    assert as_ines.post("/staff/tenants/acme/visit/", SAID).status_code == 303


def test_who_stops_looking_is_out(as_ines, visit, acme):
    answer = as_ines.post("/staff/visit/end/")

    assert answer.status_code == 303
    assert as_ines.get("/t/acme/").status_code == 404
    assert _visits(acme)[0].ended_at is not None


def test_signing_out_ends_it(as_ines, visit, acme):
    as_ines.post("/accounts/logout/")

    assert _visits(acme)[0].ended_at is not None


def test_who_is_no_longer_staff_is_out(as_ines, visit, ines):
    ines.is_staff = False
    ines.save()

    assert as_ines.get("/t/acme/").status_code == 404


def test_a_visit_opens_no_other_company(as_ines, visit, globex):
    assert as_ines.get("/t/globex/").status_code == 404


def test_another_session_of_the_same_person_is_on_no_visit(visit, ines):
    assert sign_in(Client(), ines).get("/t/acme/").status_code == 404


def test_a_second_visit_ends_the_first(as_ines, visit, acme, globex):
    as_ines.post("/staff/tenants/globex/visit/", SAID)

    assert as_ines.get("/t/globex/").status_code == 200
    assert as_ines.get("/t/acme/").status_code == 404
    assert [one.ended_at is None for one in [*_visits(acme), *_visits(globex)]] == [False, True]


def test_members_cannot_begin_one(client, acme, olga, globex):
    sign_in(client, olga)

    assert client.post("/staff/tenants/globex/visit/", SAID).status_code == 404
    assert client.post("/staff/tenants/acme/visit/", SAID).status_code == 404


@pytest.mark.parametrize("raised", [False, True], ids=["looking", "acting"])
def test_a_visit_reaches_what_the_table_says_and_nothing_else(as_ines, visit, ines, acme, daily_calls, raised):
    """Every address of a company: open for what visits see, and closed for keys, members, second steps, files and whatever is new."""
    if raised:
        as_ines.post("/staff/visit/raise/", {"reason": "They asked us to."})
    seen = {}

    for pattern in urls.company:
        action = pattern.callback.action
        parts = {name: uuid.uuid4() if name != "report" else "daily-calls" for name in pattern.pattern.converters}
        address = reverse(pattern.name, kwargs={"slug": "acme"} | parts)
        answers = [as_ines.get(address).status_code, as_ines.post(address).status_code]
        open_to = action in VISIT_SEES, raised and action in VISIT_ACTS
        # What is not shut may still have nothing to show, or take no visit by GET.
        refused = [status in (302, 403, 405) for status in answers]
        if not any(open_to) and not all(refused):
            seen[pattern.name] = answers
        if open_to == (True, False) and answers[1] not in (403, 405):
            seen[pattern.name] = answers

    assert seen == {}
    # To look at a list as a file is written down, too.
    lists = {"audit.exported", "recipients.exported"}
    assert _changes(acme) == lists | ({"visit.begun", "visit.raised"} if raised else {"visit.begun"})


def test_what_nobody_thought_about_is_closed_to_visits():
    assert ACTIONS.keys() >= VISIT_SEES | VISIT_ACTS
    closed = {
        "files.download",
        "links.create",
        "jobs.correct",
        "schedules.manage",
        "recipients.manage",
        "members.manage",
        "support.manage",
        "members.leave",
    }
    assert closed & (VISIT_SEES | VISIT_ACTS) == set()


def test_a_visit_that_only_looks_runs_nothing(as_ines, visit, acme):
    answer = as_ines.post("/t/acme/reports/daily-calls/run/", {"formats": ["PDF"], "form_key": uuid.uuid4()})

    assert answer.status_code == 403
    assert "This visit only looks." in answer.content.decode()
    with tenant_scope(acme):
        assert not SnapshotJob.objects.exists()


def test_what_a_raised_visit_does_carries_both_names(as_ines, visit, acme, daily_calls):
    job = factories.make_job(tenant=acme, report=daily_calls)
    as_ines.post("/staff/visit/raise/", {"reason": "They asked us to stop it."})

    answer = as_ines.post(f"/t/acme/jobs/{job.pk}/cancel/")

    assert answer.status_code == 303
    with tenant_scope(acme):
        row = AuditEvent.objects.get(action="job.cancelled")
    assert (row.actor, row.impersonator) == ("Acme Hotels, owner (SUP-4431)", "ines@anycompany.example")


def test_a_raised_visit_tells_no_end_customer_of_a_correction(as_ines, visit, acme, daily_calls):
    job = factories.make_job(tenant=acme, report=daily_calls, status="completed")
    as_ines.post("/staff/visit/raise/", {"reason": "They asked us to."})

    answer = as_ines.post(f"/t/acme/jobs/{job.pk}/correct/", {"because": "Read on at evil.example.", "form_key": uuid.uuid4()})

    assert answer.status_code == 403
    with tenant_scope(acme):
        assert not SnapshotJob.objects.exclude(pk=job.pk).exists()


def test_the_company_reads_when_why_and_how_it_ended(as_ines, visit, acme, olga):
    as_ines.post("/staff/visit/end/")

    with tenant_scope(acme):
        rows = list(AuditEvent.objects.order_by("at").values_list("action", "actor", "after"))
    page = sign_in(Client(), olga).get("/t/acme/settings/support/").content.decode()

    assert [action for action, *_ in rows] == ["visit.begun", "visit.ended"]
    assert rows[0][1:] == ("ines@anycompany.example", {"ticket": "SUP-4431", "reason": "Three schedules failed.", "role": "owner"})
    assert "SUP-4431" in page
    assert "Three schedules failed." in page


def _visits(tenant: Tenant) -> list[SupportVisit]:
    with tenant_scope(tenant):
        return list(SupportVisit.objects.filter(tenant=tenant).order_by("since"))


def _changes(tenant: Tenant) -> set[str]:
    with tenant_scope(tenant):
        return set(AuditEvent.objects.values_list("action", flat=True))
