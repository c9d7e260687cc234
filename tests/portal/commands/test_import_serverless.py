"""`manage.py import_serverless`: the table's ended jobs become history, once."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_q.models import OrmQ

from reports import jobs, links, recounting, usage
from reports.models import JobEvent, SnapshotJob
from reports.refused import Refused
from reports.usual import usual_seconds
from tenants.audit import Actor
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests import factories
from tests.portal.views.conftest import as_adam
from tests.reports.api.conftest import acme_client

__all__ = ["acme_client", "as_adam"]
pytestmark = pytest.mark.django_db
# As the published poller wrote it: JSON text inside the item.
DONE = {
    "dashboardId": {"S": "daily-calls"},
    "jobId": {"S": "PDF_1765307746_6813369"},
    "jobStatus": {"S": "COMPLETED"},
    "sheetId": {"S": "sheet-1"},
    "outputFormat": {"S": "PDF"},
    "outputLocation": {"S": "s3://old-bucket/snapshots/daily-calls/x.pdf"},
    "parameters": {"NULL": True},
    "jobParameters": {"S": '{"StringParameters": [{"Name": "Region", "Values": ["North", "South"]}]}'},
    "createdTime": {"S": '"2025-12-09 19:15:46.681000+00:00"'},
    "completedTime": {"S": '"2025-12-09 19:17:01.002000+00:00"'},
}
FAILED = {
    "dashboardId": {"S": "daily-calls"},
    "jobId": {"S": "CSV_1765400000_5"},
    "jobStatus": {"S": "FAILED"},
    "sheetId": {"S": "sheet-1"},
    "visualId": {"L": [{"S": "table-1"}]},
    "timestamp": {"N": "1765400000.5"},
    "errorMessage": {"S": "arn:aws:quicksight: AccessDenied"},
}


@pytest.fixture
def export(tmp_path):
    def write(*items: dict, name: str = "table.json") -> str:
        path = tmp_path / name
        path.write_text(json.dumps({"Items": items, "Count": len(items)}))
        return str(path)

    return write


@pytest.fixture
def run(capsys):
    def call(*words: str) -> list[str]:
        call_command("import_serverless", *words, "--tenant=acme")
        return capsys.readouterr().out.splitlines()

    return call


def jobs_of(tenant) -> list[SnapshotJob]:
    with tenant_scope(tenant):
        return list(SnapshotJob.objects.select_related("tenant", "report").order_by("created_at"))


def test_an_ended_job_is_history_with_what_was_asked_for(run, export, acme, daily_calls):
    assert run(export(DONE, FAILED)) == ["Imported: 2. There already: 0. Skipped: 0."]

    done, failed = jobs_of(acme)
    assert (done.status, done.trigger, done.formats, done.report_id) == ("completed", "imported", ["PDF"], daily_calls.pk)
    assert (done.dashboard_id, done.sheet_id, done.reference) == ("daily-calls", "sheet-1", "PDF_1765307746_6813369")
    assert done.parameters == {"Region": ["North", "South"]}
    assert (done.created_at, done.finished_at) == (
        datetime(2025, 12, 9, 19, 15, 46, 681000, tzinfo=UTC),
        datetime(2025, 12, 9, 19, 17, 1, 2000, tzinfo=UTC),
    )
    assert (failed.status, failed.formats, failed.visual_ids, failed.failure_code) == ("failed", ["CSV"], ["table-1"], "report_failed")
    assert failed.created_at == failed.finished_at == datetime(2025, 12, 10, 20, 53, 20, 500000, tzinfo=UTC)
    assert "arn:aws" not in failed.failure_text


def test_twice_it_adds_nothing_and_touches_nothing(run, export, acme, daily_calls):
    run(export(DONE))
    with tenant_scope(acme):
        SnapshotJob.objects.update(reference="somebody's own")

    assert run(export(DONE, DONE, FAILED)) == ["Imported: 1. There already: 1. Skipped: 0."]

    assert [job.reference for job in jobs_of(acme)] == ["somebody's own", "CSV_1765400000_5"]
    with tenant_scope(acme):
        assert JobEvent.objects.filter(type="imported").count() == 2
        assert [row.after for row in AuditEvent.objects.filter(action="jobs.imported").order_by("at")] == [{"jobs": 1}, {"jobs": 1}]


def test_two_companies_may_be_given_the_same_table(run, export, acme, globex, daily_calls):
    path = export(DONE)
    run(path)

    call_command("import_serverless", path, "--tenant=globex")

    assert [len(jobs_of(tenant)) for tenant in (acme, globex)] == [1, 1]


def test_what_is_passed_over_is_told_with_its_number_and_why(run, export, acme, daily_calls):
    waiting = DONE | {"jobStatus": {"S": "QUEUED"}}
    elsewhere = DONE | {"dashboardId": {"S": "other"}, "jobId": {"S": "PDF_1765307750_1"}}
    nameless = {"jobStatus": {"S": "COMPLETED"}}
    odd = DONE | {"jobId": {"S": "DOC_1765307750_1"}, "outputFormat": {"S": "DOC"}}
    timeless = DONE | {"jobId": {"S": "PDF_x"}, "createdTime": {"S": "yesterday"}}

    told = run(export(waiting, elsewhere, DONE, nameless, odd, timeless, elsewhere | {"jobId": {"S": "PDF_1765307751_1"}}))

    assert told == [
        "table.json, 1: PDF_1765307746_6813369 had not ended there: QUEUED.",
        "table.json, 4: It has no jobId.",
        "table.json, 5: DOC_1765307750_1 is of a format that there is not here: DOC.",
        "table.json, 6: PDF_x has no createdTime or timestamp that can be read.",
        "Skipped, 2 job(s): no report of acme shows dashboard other, sheet sheet-1.",
        "Imported: 1. There already: 0. Skipped: 6.",
    ]


def test_a_dashboard_that_has_another_id_here_is_named_by_hand(run, export, acme, daily_calls):
    old = DONE | {"dashboardId": {"S": "0f3c"}, "sheetId": {"S": "0f3c_s1"}}
    other_sheet = old | {"sheetId": {"S": "0f3c_s2"}, "jobId": {"S": "PDF_1765307750_1"}}

    run(export(old, other_sheet), "--map=0f3c/0f3c_s1=daily-calls")

    (job,) = jobs_of(acme)
    assert (job.report_id, job.dashboard_id, job.sheet_id) == (daily_calls.pk, "0f3c", "0f3c_s1")
    with pytest.raises(CommandError, match=r"--map 0f3c=nothing: write .* with a report of acme: daily-calls\."):
        run(export(old), "--map=0f3c=nothing")


def test_of_several_reports_on_a_sheet_the_first_that_fits_has_it(run, export, acme, daily_calls):
    alike = factories.make_report(slug="a-first", dashboard_id="daily-calls", formats=["PDF"], visual_ids=[])
    factories.make_grant(tenant=acme, report=alike)

    run(export(DONE, FAILED))

    assert [job.report_id for job in jobs_of(acme)] == [alike.pk, daily_calls.pk]


def test_a_dry_run_changes_nothing(run, export, acme, daily_calls):
    assert run(export(DONE), "--dry-run") == ["Imported: 1. There already: 0. Skipped: 0. Dry run: nothing was changed."]

    assert jobs_of(acme) == []


def test_of_several_files_one_that_cannot_be_read_stops_all(run, export, tmp_path, acme, daily_calls):
    good, bad = export(DONE, name="good.json"), tmp_path / "bad.json"
    bad.write_text('{"Item": {"a": {"S": "b"}}}\nbroken')

    with pytest.raises(CommandError, match=r"bad.json: This is no export of a DynamoDB table: line 2 is no JSON\. Nothing was imported\."):
        run(good, str(bad))
    with pytest.raises(CommandError, match=r"nowhere.json cannot be read: No such file or directory\. Nothing was imported\."):
        run(good, "nowhere.json")

    assert jobs_of(acme) == []


def test_history_counts_in_no_quota_and_wakes_nobody(run, export, acme, daily_calls):
    now = timezone.now()
    today = DONE | {"createdTime": {"S": f'"{now}"'}, "completedTime": {"S": f'"{now}"'}}
    run(export(today))

    recounting.recount(acme.pk, now)

    with tenant_scope(acme):
        assert usage.jobs_on(acme, usage.day_of(acme, now)) == 0
        assert usual_seconds(acme, [daily_calls.pk]) == {}
    assert OrmQ.objects.count() == 0


def test_its_page_says_where_it_came_from_and_offers_no_link(run, export, as_adam, acme, daily_calls):
    run(export(DONE))
    (job,) = jobs_of(acme)

    shown = as_adam.get(f"/t/acme/jobs/{job.pk}/").content.decode()

    assert "Brought over from the older API" in shown
    assert "PDF_1765307746_6813369" in shown
    assert "/links/new/" not in shown
    with tenant_scope(acme), pytest.raises(Refused, match="no longer kept"):
        links.create(job, Actor("adam"), now=timezone.now())


def test_it_can_be_run_again_here(run, export, acme, daily_calls):
    run(export(DONE))
    (job,) = jobs_of(acme)

    with tenant_scope(acme):
        again = jobs.retry(job, Actor("adam"), now=timezone.now())

    assert (again.status, again.parameters["Region"], again.retry_of_id) == ("queued", ["North", "South"], job.pk)


def test_clients_of_the_older_api_find_it_in_their_list(run, export, acme_client, acme, daily_calls):
    run(export(DONE))
    (job,) = jobs_of(acme)

    _status, listed = acme_client.get("?dashboardId=daily-calls")
    described = acme_client.get(f"/describe_job/daily-calls/{job.pk}")
    download = acme_client.get(f"/download_output/daily-calls/{job.pk}")

    assert [(item["jobId"], item["jobStatus"]) for item in listed["Items"]] == [(str(job.pk), "COMPLETED")]
    assert (described[0], described[1]["JobStatus"]) == (200, "COMPLETED")
    assert download == (200, {"error": "Output location not available"})
