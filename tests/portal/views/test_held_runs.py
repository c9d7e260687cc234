"""The page of a held run: what was found, who may look, and what is decided there."""

from __future__ import annotations

import pytest
from django.utils import timezone

from reports.models import Download
from tenants.scope import tenant_scope
from tests import factories
from tests.reports.engine.conftest import aws, new_clients, server
from tests.reports.gate import files, steps

__all__ = ["aws", "new_clients", "server"]
pytestmark = pytest.mark.django_db
FINE, STRANGE = files.pdf("Acme Hotels"), files.pdf("Globex Resorts")


@pytest.fixture
def schedule(acme, olga):
    report = factories.make_report(slug="daily-calls", name="Daily call volume")
    return factories.make_schedule(
        tenant=acme, report=report, slug="weekdays", release="by_hand", must_contain="Acme Hotels", name="Property overview"
    )


@pytest.fixture
def held(aws, schedule):
    """A fine file for one, a strange one for the north desk's two."""
    fine = steps.make_run(schedule, people=["anna@c.example"])
    strange = steps.add_job(steps.run_of(fine), people=["ben@c.example", "cara@c.example"], tags={"desk": "north"})
    made = steps.finish(aws, fine, FINE), steps.finish(aws, strange, STRANGE)
    steps.review_all()
    return made


def page_of(job):
    return f"/t/acme/schedules/{steps.run_of(job).schedule_id}/runs/{job.occurrence_id}/"


def file_of(job) -> str:
    with tenant_scope(job.tenant_id):
        return f"/t/acme/jobs/{job.pk}/files/{job.files.get().pk}/"


def test_the_page_tells_what_is_unusual_and_what_may_be_decided(client, adam, held):
    client.force_login(adam)

    page = client.get(page_of(held[0])).content.decode()

    assert "Held for review" in page
    assert "1 of 2 files looks unusual." in page
    assert "“Acme Hotels” does not stand in it." in page
    assert "Send 1, keep for ben@c.example, for cara@c.example" in page
    assert "Send all 2 files" in page
    assert "Send nothing" in page


def test_a_viewer_sees_that_it_is_held_and_decides_nothing(client, alice, held):
    client.force_login(alice)

    page = client.get(page_of(held[0])).content.decode()
    answer = client.post(page_of(held[0]) + "decide/", {"decision": "all"})

    assert "Held for review" in page
    assert "decide-form" not in page
    assert answer.status_code in (403, 404)
    assert steps.review_of(held[0]).status == "held"


def test_who_decides_may_look_at_a_held_file(client, adam, held):
    client.force_login(adam)

    answer = client.post(file_of(held[1]))

    assert answer.status_code == 303
    assert "X-Amz-Signature" in answer["Location"]
    with tenant_scope(held[1].tenant_id):
        assert Download.objects.get(file__job=held[1]).actor == "adam@acme.example"


def test_a_viewer_gets_no_held_file(client, alice, held):
    client.force_login(alice)

    answer = client.post(file_of(held[1]), follow=True)

    assert "held for review" in answer.content.decode()
    with tenant_scope(held[1].tenant_id):
        assert not Download.objects.exists()


@pytest.mark.parametrize(
    ("decision", "after"),
    [
        ("usual", ["released", "held"]),
        ("all", ["released", "released"]),
        ("none", ["rejected", "rejected"]),
        ("again", ["held", "rejected"]),
    ],
)
def test_each_decision_does_what_it_says(client, adam, held, decision, after):
    client.force_login(adam)

    answer = client.post(page_of(held[0]) + "decide/", {"decision": decision, "note": "Asked Rui."}, follow=True)

    assert [steps.review_of(job).status for job in held] == after
    assert answer.status_code == 200


def test_who_comes_second_reads_who_was_first(client, adam, olga, held):
    client.force_login(olga)
    client.post(page_of(held[0]) + "decide/", {"decision": "all"})
    client.force_login(adam)

    answer = client.post(page_of(held[0]) + "decide/", {"decision": "none"}, follow=True)

    assert "olga@acme.example released it on" in answer.content.decode()


def test_nothing_chosen_decides_nothing(client, adam, held):
    client.force_login(adam)

    answer = client.post(page_of(held[0]) + "decide/", {"note": "x" * 301}, follow=True)

    assert "Choose what is sent." in answer.content.decode()
    assert steps.review_of(held[0]).status == "held"


@pytest.mark.parametrize(("verb", "status"), [("release", "released"), ("reject", "rejected")])
def test_a_job_is_decided_on_its_own_page(client, adam, held, verb, status):
    client.force_login(adam)
    page = client.get(f"/t/acme/jobs/{held[1].pk}/").content.decode()
    assert "Held for review." in page
    assert "“Acme Hotels” does not stand in it." in page

    client.post(f"/t/acme/jobs/{held[1].pk}/{verb}/")

    assert steps.review_of(held[1]).status == status
    assert client.get(f"/t/acme/jobs/{held[1].pk}/").status_code == 200


def test_staff_on_a_visit_release_nothing(client, acme, held):
    visit = factories.make_visit(tenant=acme, role="admin", now=timezone.now())
    client.force_login(visit.staff)

    client.post(page_of(held[0]) + "decide/", {"decision": "all"})
    client.post(f"/t/acme/jobs/{held[0].pk}/release/")

    assert [steps.review_of(job).status for job in held] == ["held", "held"]


def test_the_first_page_tells_of_held_runs_to_everybody_and_leads_there_who_decides(client, adam, alice, held):
    client.force_login(adam)
    page = client.get("/t/acme/").content.decode()
    assert "Something is unusual about 1 of 2." in page
    assert "Look and decide" in page

    client.force_login(alice)
    assert "Look and decide" not in client.get("/t/acme/").content.decode()


def test_lists_call_a_held_job_held(client, adam, held):
    client.force_login(adam)

    assert client.get("/t/acme/jobs/").content.decode().count("Held for review") >= 2
