from __future__ import annotations

import pytest

from reports.models import SnapshotJob
from tenants.scope import tenant_scope
from tests.factories import make_grant, make_job, make_occurrence, make_report, make_schedule

pytestmark = pytest.mark.django_db
CLEAR = "/t/acme/jobs/clear/"
BECAUSE = {"because": "Started for the wrong month."}


@pytest.fixture
def waiting(acme, daily_calls):
    """Two jobs of one report, one of another, and one that is of a schedule."""
    agents = make_report(slug="agents", name="Agents")
    schedule = make_schedule(tenant=acme, report=daily_calls, name="Every morning")
    run = make_occurrence(schedule=schedule, status="running")
    made = [make_job(tenant=acme, report=report) for report in (daily_calls, agents)]
    made.append(make_job(tenant=acme, report=daily_calls, occurrence=run))
    return schedule, made


def states(tenant) -> list[str]:
    with tenant_scope(tenant):
        return sorted(SnapshotJob.objects.values_list("status", flat=True))


def test_the_list_offers_it_while_something_moves_and_only_to_those_who_may(as_adam, as_alice, acme, daily_calls):
    assert "Cancel all waiting" not in as_adam.get("/t/acme/jobs/").content.decode()

    make_job(tenant=acme, report=daily_calls)

    assert f'href="{CLEAR}"' in as_adam.get("/t/acme/jobs/").content.decode()
    assert f'href="{CLEAR}?report=daily-calls"' in as_adam.get("/t/acme/jobs/?report=daily-calls").content.decode()
    assert "Cancel all waiting" not in as_alice.get("/t/acme/jobs/").content.decode()
    assert as_alice.get(CLEAR).status_code == 403
    assert as_alice.post(CLEAR, BECAUSE).status_code == 403
    assert states(acme) == ["queued"]


def test_it_names_the_number_and_needs_a_reason(as_adam, acme, waiting):
    assert "Cancel 3 jobs" in as_adam.get(CLEAR).content.decode()

    answer = as_adam.post(CLEAR, {"because": " "})

    assert answer.status_code == 422
    assert 'id="id_because_error"' in answer.content.decode()
    assert states(acme) == ["queued"] * 3


def test_all_that_waits_is_cancelled_and_what_runs_goes_on(as_adam, acme, globex, daily_calls, waiting):
    make_job(tenant=acme, report=daily_calls, status="running")
    make_job(tenant=globex, report=daily_calls)

    answer = as_adam.post(CLEAR, BECAUSE, follow=True)

    assert "3 jobs were cancelled." in answer.content.decode()
    assert states(acme) == ["cancelled"] * 3 + ["running"]
    assert states(globex) == ["queued"]


def test_one_report_or_one_schedule_can_be_meant(as_adam, acme, waiting):
    schedule, _ = waiting

    assert "Cancel 1 job" in as_adam.get(f"{CLEAR}?report=agents").content.decode()
    assert "Every morning" in as_adam.get(f"{CLEAR}?schedule={schedule.slug}").content.decode()
    as_adam.post(CLEAR, BECAUSE | {"schedule": schedule.slug})
    assert states(acme) == ["cancelled", "queued", "queued"]
    as_adam.post(CLEAR, BECAUSE | {"report": "agents"})
    assert states(acme) == ["cancelled", "cancelled", "queued"]


def test_what_another_company_has_cannot_be_meant(as_adam, acme, globex, waiting):
    theirs = make_report(slug="theirs")
    make_grant(tenant=globex, report=theirs)
    schedule = make_schedule(tenant=globex, report=theirs, name="Theirs")

    for which in ({"report": "theirs"}, {"schedule": schedule.slug}, {"report": "no-such"}, {"schedule": "no-such"}):
        assert as_adam.get(CLEAR, which).status_code == 404
        assert as_adam.post(CLEAR, BECAUSE | which).status_code == 404
    assert states(acme) == ["queued"] * 3


def test_nothing_that_waits_is_said(as_adam, acme):
    assert "Nothing waits, so there is nothing to cancel." in as_adam.get(CLEAR).content.decode()
