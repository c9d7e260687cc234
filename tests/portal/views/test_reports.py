from __future__ import annotations

import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reports.models import SnapshotJob
from tenants.models import Tenant
from tenants.scope import platform_scope, tenant_scope
from tests.factories import make_grant, make_job, make_report

pytestmark = pytest.mark.django_db
RUN = "/t/acme/reports/daily-calls/run/"


def filled(**changes):
    values = {"formats": ["PDF"], "form_key": str(uuid.uuid4()), "parameter-0": ["North"], "parameter-1": "2026-11-22", "parameter-2": "15"}
    return {name: value for name, value in (values | changes).items() if value is not None}


def jobs_of(tenant):
    with tenant_scope(tenant):
        return list(SnapshotJob.objects.for_tenant(tenant))


def test_the_catalogue_shows_what_was_offered_and_how_the_last_run_went(as_adam, acme, daily_calls):
    make_job(tenant=acme, report=daily_calls, status="failed", failure_code="internal")
    make_report(slug="not-ours", name="Not ours")

    shown = as_adam.get("/t/acme/reports/").content.decode()

    assert "One report Fanfold has made available to Acme Hotels" in shown
    assert "Daily call volume" in shown
    assert "Failed <time" in shown
    assert "Not ours" not in shown


def test_a_search_narrows_the_catalogue_and_says_when_nothing_fits(as_adam, daily_calls):
    found = as_adam.get("/t/acme/reports/", {"q": "CALL"}).content.decode()
    missed = as_adam.get("/t/acme/reports/", {"q": "invoice\0"}).content.decode()

    assert "Daily call volume" in found
    assert "Nothing is called “invoice”." in missed


def test_a_company_without_reports_is_told_whom_to_ask(as_adam):
    assert "Fanfold has not shared a report yet" in as_adam.get("/t/acme/reports/").content.decode()


def test_the_form_has_a_field_for_each_typed_parameter_with_its_default(as_adam, daily_calls):
    shown = as_adam.get(RUN).content.decode()

    assert re.search(r'type="checkbox" name="parameter-0" value="North"[^>]* checked', shown)
    assert re.search(r'type="date" name="parameter-1" value="2026-10-26"', shown)
    assert re.search(r'type="number" name="parameter-2" value="0"', shown)
    assert shown.count('class="tile"') == 5


def test_running_a_report_leads_to_its_job(as_adam, acme, adam, daily_calls):
    response = as_adam.post(RUN, filled(formats=["PDF", "CSV"], visuals=["pivot-1"]))

    (job,) = jobs_of(acme)
    assert response.status_code == 303
    assert response["Location"] == f"/t/acme/jobs/{job.pk}/"
    assert (job.status, job.formats, job.visual_ids) == ("queued", ["PDF", "CSV"], ["pivot-1"])
    assert job.parameters["Region"] == ["North"]
    assert job.parameters["MinSeconds"] == [15]
    assert job.parameters["From"][0].startswith("2026-11-22T00:00:00")
    assert (job.actor, job.requested_by_id, job.lane, job.trigger) == (adam.email, adam.pk, SnapshotJob.Lane.NOW, "page")


def test_the_same_form_sent_twice_runs_one_report(as_adam, acme, daily_calls):
    form = filled()

    first, second = as_adam.post(RUN, form), as_adam.post(RUN, form)

    assert first["Location"] == second["Location"]
    assert len(jobs_of(acme)) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"formats": None}, "id_formats"),
        ({"formats": ["DOCX"]}, "id_formats"),
        ({"parameter-0": ["Atlantis"]}, "id_parameter-0"),
        ({"parameter-0": None}, "id_parameter-0"),
        ({"parameter-1": "tomorrow"}, "id_parameter-1"),
        ({"parameter-2": "many"}, "id_parameter-2"),
        ({"parameter-2": str(2**60)}, "id_parameter-2"),
        ({"visuals": ["no-such-table"], "formats": ["CSV"]}, "id_visuals"),
    ],
)
def test_a_wrong_value_is_told_on_top_and_at_its_field_and_nothing_runs(as_adam, acme, daily_calls, changes, field):
    response = as_adam.post(RUN, filled(**changes))

    shown = response.content.decode()
    assert response.status_code == 422
    assert "One value needs a change." in shown
    assert f'href="#{field}"' in shown
    assert f'id="{field}_error"' in shown
    assert not jobs_of(acme)


def test_a_parameter_fixed_for_the_company_is_shown_and_not_asked(as_adam, acme):
    report = make_report(slug="pinned")
    make_grant(tenant=acme, report=report, parameters={"Region": ["North"]})

    shown = as_adam.get("/t/acme/reports/pinned/run/").content.decode()

    assert "Fixed for your company" in shown
    assert "parameter-0" not in shown


def test_several_values_of_an_open_list_are_typed_one_a_line(as_adam, acme):
    parameter = {"name": "Numbers", "type": "integer", "multiple": True, "default": [1]}
    make_grant(tenant=acme, report=make_report(slug="lists", parameters=[parameter]))

    as_adam.post("/t/acme/reports/lists/run/", filled(**{"parameter-0": "7\n\n 9 "}))
    wrong = as_adam.post("/t/acme/reports/lists/run/", filled(**{"parameter-0": "7\nnine"}))

    assert [job.parameters for job in jobs_of(acme)] == [{"Numbers": [7, 9]}]
    assert wrong.status_code == 422


def test_a_moment_is_asked_for_in_the_companys_time(as_adam, acme):
    parameter = {"name": "Until", "type": "datetime", "default": "2026-11-22T06:00:00+00:00"}
    make_grant(tenant=acme, report=make_report(slug="moments", parameters=[parameter]))

    shown = as_adam.get("/t/acme/reports/moments/run/").content.decode()
    as_adam.post("/t/acme/reports/moments/run/", filled(**{"parameter-0": "2026-11-22T07:30"}))

    assert 'value="2026-11-22T06:00"' in shown
    assert [job.parameters for job in jobs_of(acme)] == [{"Until": ["2026-11-22T07:30:00+00:00"]}]


def test_a_viewer_may_look_at_reports_but_not_run_them(as_alice, acme, daily_calls):
    catalogue = as_alice.get("/t/acme/reports/").content.decode()
    response = as_alice.post(RUN, filled())

    assert "Run now" not in catalogue
    assert response.status_code == 403
    assert "Your role for Acme Hotels is Viewer." in response.content.decode()
    assert not jobs_of(acme)


REFUSED = {
    "preflight": "refused",
    "preflight_code": "rows_not_isolated",
    "preflight_detail": "The tag rules of data set “Calls” (calls) are switched off: its rows are not held back by “tenant_id”.",
    "preflight_remedy": "In QuickSight, turn on tag-based rules for data set “Calls” (calls).",
}


def test_a_report_that_is_refused_says_so_before_it_is_run_and_may_still_be_tried(as_adam, acme):
    make_grant(tenant=acme, report=make_report(slug="refused", **REFUSED))
    run = "/t/acme/reports/refused/run/"

    catalogue, form = (as_adam.get(path).content.decode() for path in ("/t/acme/reports/", run))
    tried = as_adam.post(run, filled())

    assert all("Cannot run at the moment: its rows cannot be held back." in page for page in (catalogue, form))
    assert f'href="{run}"' in catalogue
    assert REFUSED["preflight_detail"] in form
    assert "Please tell Fanfold." in form
    assert REFUSED["preflight_remedy"] not in catalogue + form
    assert tried.status_code == 303


@pytest.mark.parametrize(
    ("code", "words"), [("report_missing", "its dashboard is not in QuickSight"), ("report_unfit", "its dashboard was changed")]
)
def test_a_refusal_that_is_not_about_rows_says_what_it_is_about(as_adam, acme, code, words):
    make_grant(tenant=acme, report=make_report(**REFUSED | {"preflight_code": code}))

    shown = as_adam.get("/t/acme/reports/").content.decode()

    assert f"Cannot run at the moment: {words}" in shown
    assert "its rows cannot be held back" not in shown


def test_a_report_that_passed_says_nothing_of_it(as_adam, daily_calls):
    assert not any("Cannot run" in as_adam.get(path).content.decode() for path in ("/t/acme/reports/", RUN))


def test_a_report_that_is_the_same_for_everyone_is_marked_on_every_page_about_it(as_adam, acme):
    report = make_report(slug="benchmark", same_for_everyone=True)
    make_grant(tenant=acme, report=report)
    job = make_job(tenant=acme, report=report)

    pages = [as_adam.get(f"/t/acme/{path}").content.decode() for path in ("reports/", "reports/benchmark/run/", f"jobs/{job.pk}/")]

    assert all("Same for everyone" in page for page in pages)


def test_the_catalogue_asks_the_database_as_often_for_twenty_reports_as_for_one(as_adam, acme, django_assert_num_queries):
    make_grant(tenant=acme, report=make_report(**REFUSED))
    # The first visit of all begins the person's grace without a second step.
    as_adam.get("/t/acme/reports/")
    with CaptureQueriesContext(connection) as one:
        as_adam.get("/t/acme/reports/")
    for number in range(19):
        make_grant(tenant=acme, report=make_report(same_for_everyone=number % 2 == 0, **REFUSED))

    with django_assert_num_queries(len(one)):
        as_adam.get("/t/acme/reports/")


def test_a_run_beyond_the_jobs_of_the_day_is_told_with_whom_to_ask_and_nothing_runs(as_adam, acme, daily_calls):
    with platform_scope():
        Tenant.objects.filter(pk=acme.pk).update(jobs_per_day=0)

    answer = as_adam.post(RUN, filled())

    page = " ".join(answer.content.decode().split())
    assert answer.status_code == 422
    assert "Your company has made 0 of the 0 jobs that it may make today." in page
    assert "For more ask Fanfold." in page
    assert not jobs_of(acme)
