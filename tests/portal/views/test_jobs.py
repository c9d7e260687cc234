from __future__ import annotations

from datetime import timedelta

import pytest
import requests
from django.utils import timezone

from reports.models import Account, Download, JobEvent, Link, SnapshotJob
from tenants.scope import platform_scope, tenant_scope
from tests.factories import make_attempt, make_file, make_job, make_occurrence, make_report, make_schedule
from tests.portal.views.conftest import BODY
from tests.pretend_aws import BUCKET

pytestmark = pytest.mark.django_db
JOBS = "/t/acme/jobs/"


def page(browser, path=JOBS, **query):
    return browser.get(path, query).content.decode()


def address(job, verb=""):
    return f"{JOBS}{job.pk}/{verb}"


def test_the_list_is_newest_first_and_says_how_each_job_stands(as_adam, acme, daily_calls):
    now = timezone.now()
    make_job(tenant=acme, report=make_report(name="Older"), status="completed", now=now - timedelta(hours=1))
    make_job(tenant=acme, report=make_report(name="Newer"), status="running", now=now)

    shown = page(as_adam)

    table = shown[shown.index("<tbody") :]
    assert table.index("Newer") < table.index("Rendering") < table.index("Older") < table.index("Delivered")


class TestWhoStartedIt:
    @pytest.fixture
    def planned(self, acme, daily_calls):
        """By its actor, a job of a run of the schedule that is called so."""

        def make(actor: str, name: str = "Morning pack"):
            schedule = make_schedule(tenant=acme, report=daily_calls, slug="every-minute", name=name)
            return make_job(tenant=acme, report=daily_calls, status="running", actor=actor, occurrence=make_occurrence(schedule=schedule))

        return make

    @pytest.mark.parametrize("path", [JOBS, "/t/acme/", f"{JOBS}export/"])
    def test_a_schedule_stands_there_by_its_name(self, as_adam, planned, path):
        planned("schedule every-minute")

        shown = page(as_adam, path)

        assert "schedule Morning pack" in shown
        assert "schedule every-minute" not in shown

    def test_on_the_page_of_the_job_too(self, as_adam, planned):
        assert "schedule Morning pack" in page(as_adam, address(planned("schedule every-minute")))

    def test_one_without_a_name_by_its_short_name(self, as_adam, planned):
        planned("schedule every-minute", name="")

        assert "schedule every-minute" in page(as_adam)

    def test_who_ran_it_by_hand_stays(self, as_adam, planned):
        planned("olga@acme.example")

        shown = page(as_adam)

        assert "olga@acme.example" in shown
        assert "schedule Morning pack" not in shown


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"status": "moving"}, ["Bravo"]),
        ({"status": "failed"}, ["Alpha"]),
        ({"status": "no-such-state"}, ["Alpha", "Bravo"]),
        ({"q": "brav"}, ["Bravo"]),
        ({"q": "alpha", "status": "moving"}, []),
        ({"report": "alpha"}, ["Alpha"]),
    ],
)
def test_the_list_is_narrowed_by_its_address(as_adam, acme, query, found):
    make_job(tenant=acme, report=make_report(slug="alpha", name="Alpha"), status="failed", failure_code="internal")
    make_job(tenant=acme, report=make_report(slug="bravo", name="Bravo"), status="running")

    shown = page(as_adam, **query)

    assert [name for name in ("Alpha", "Bravo") if f">{name}</a>" in shown] == found


def test_a_job_is_found_by_the_number_people_read_out(as_adam, acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls)

    assert address(job) in page(as_adam, q=str(job.pk)[:8].upper())


def test_an_empty_search_names_what_was_searched_and_offers_to_clear_it(as_adam, daily_calls):
    shown = page(as_adam, q="lisboa", status="failed")

    assert "Nothing is there for “lisboa”, Failed." in shown
    assert 'href="/t/acme/jobs/"' in shown


def test_a_job_taken_off_the_list_is_not_listed(as_adam, acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls, status="completed", hidden_at=timezone.now())

    assert str(job.pk) not in page(as_adam)


def test_the_page_of_a_job_tells_what_happened_and_what_was_sent(as_adam, ready_job):
    with tenant_scope(ready_job.tenant):
        ready_job.note("queued", timezone.now(), actor="adam@acme.example")
        ready_job.note("saved", timezone.now(), name="daily-calls.pdf", size_bytes=17)

    shown = page(as_adam, address(ready_job))

    assert "By adam@acme.example" in shown
    assert "daily-calls.pdf, checked" in shown
    assert '<dt class="mono">tenant_id</dt><dd class="mono">acme</dd>' in shown
    assert f'action="{address(ready_job)}files/' in shown


def test_a_failed_job_says_the_cause_first_and_keeps_the_raw_text_in_its_attempt(as_adam, acme, daily_calls):
    job = make_job(
        tenant=acme,
        report=daily_calls,
        status="failed",
        attempt_count=1,
        failure_code="report_failed",
        failure_message="It did not render.",
    )
    make_attempt(job=job, ended_at=timezone.now(), failure_code="report_failed", error_type="InternalError", error_message="<boom>")

    shown = page(as_adam, address(job))

    assert shown.index("It did not render.") < shown.index("Run the report again.") < shown.index("InternalError: &lt;boom&gt;")
    assert f'action="{address(job, "retry/")}"' in shown


def test_the_raw_text_names_no_account_and_no_role_of_the_platform(as_adam, acme, daily_calls):
    role = "arn:aws:iam::111122223333:role/fanfold-snapshots"
    govern = "arn:aws-us-gov:quicksight:us-gov-west-1:444455556666:dashboard/daily-calls"
    told = f"User: {role} is not authorized to perform: quicksight:StartDashboardSnapshotJob on {govern} in account 777788889999."
    job = make_job(tenant=acme, report=daily_calls, status="failed", attempt_count=1, failure_code="access_denied")
    make_attempt(job=job, ended_at=timezone.now(), failure_code="access_denied", error_type="AccessDenied", error_message=told)

    shown = page(as_adam, address(job))

    assert "is not authorized to perform: quicksight:StartDashboardSnapshotJob" in shown
    assert not [place for place in ("arn:aws", "111122223333", "444455556666", "777788889999", "fanfold-snapshots") if place in shown]


def test_a_queued_job_can_be_cancelled(as_adam, acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls)

    response = as_adam.post(address(job, "cancel/"))

    with tenant_scope(acme):
        job.refresh_from_db()
    assert response.status_code == 303
    assert job.status == "cancelled"


def test_a_running_job_cannot_be_cancelled_and_the_page_says_why(as_adam, acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls, status="running")

    shown = as_adam.post(address(job, "cancel/"), follow=True).content.decode()

    assert "QuickSight cannot stop it." in shown
    assert "Cancel job" not in shown


def test_running_again_makes_a_new_job_that_points_at_the_old_one(as_adam, acme, daily_calls):
    parameters = {"Region": ["North"], "From": ["2026-10-26T00:00:00+00:00"], "MinSeconds": [3]}
    old = make_job(tenant=acme, report=daily_calls, status="failed", failure_code="internal", parameters=parameters)

    response = as_adam.post(address(old, "retry/"))

    with tenant_scope(acme):
        new = SnapshotJob.objects.for_tenant(acme).get(retry_of=old)
    assert response["Location"] == address(new)
    assert new.parameters == parameters


def test_a_download_is_written_down_and_leads_to_the_file(aws, as_adam, adam, ready_job):
    with tenant_scope(ready_job.tenant):
        file = ready_job.files.get()
    aws.client("s3").put_object(Bucket=BUCKET, Key=file.key, Body=BODY)

    response = as_adam.post(address(ready_job, f"files/{file.pk}/"), REMOTE_ADDR="192.0.2.7")

    with tenant_scope(ready_job.tenant):
        download = Download.objects.get(file=file)
    assert response.status_code == 303
    assert requests.get(response["Location"], timeout=5).content == BODY
    assert (download.user_id, download.actor, download.ip) == (adam.pk, adam.email, "192.0.2.7")


def test_a_file_of_another_job_is_not_found(as_adam, acme, daily_calls, ready_job):
    other = make_file(job=make_job(tenant=acme, report=daily_calls, status="completed"))

    assert as_adam.post(address(ready_job, f"files/{other.pk}/")).status_code == 404


def test_a_new_link_is_shown_once(as_adam, ready_job):
    made = as_adam.post(address(ready_job, "links/"), follow=True).content.decode()
    later = page(as_adam, address(ready_job))

    with tenant_scope(ready_job.tenant):
        link = Link.objects.get(job=ready_job)
    assert f"/d/{ready_job.tenant.code}/" in made
    assert link.reference in made
    assert link.reference in later
    assert "/d/" not in later


def test_a_job_without_files_gets_no_link(as_adam, acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls, status="running")

    shown = as_adam.post(address(job, "links/"), follow=True).content.decode()

    assert "This job has no files yet." in shown
    with tenant_scope(acme):
        assert not Link.objects.for_tenant(acme).exists()


@pytest.mark.parametrize("verb", ["cancel/", "retry/", "links/"])
def test_a_viewer_may_look_but_not_act(as_alice, acme, daily_calls, verb):
    job = make_job(tenant=acme, report=daily_calls)

    assert as_alice.get(address(job)).status_code == 200
    assert as_alice.post(address(job, verb)).status_code == 403
    with tenant_scope(acme):
        assert not JobEvent.objects.filter(job=job).exists()


def test_a_viewer_may_download(aws, as_alice, ready_job):
    with tenant_scope(ready_job.tenant):
        file = ready_job.files.get()

    assert as_alice.post(address(ready_job, f"files/{file.pk}/")).status_code == 303


@pytest.mark.parametrize("key", ["x", "1-2", "-", "99999999999999999999999-0123456789abcdef0123456789abcdef"])
def test_a_key_that_is_none_is_not_found(as_adam, key):
    assert as_adam.get(JOBS, {"before": key}).status_code == 404


def test_run_again_pressed_twice_runs_one_job(client, acme, adam, daily_calls):
    ended = make_job(tenant=acme, report=daily_calls, status="failed", failure_code="report_failed", parameters={})
    client.force_login(adam)
    page = client.get(f"/t/acme/jobs/{ended.pk}/")
    key = page.context["retry_form"]["form_key"].value()

    answers = [client.post(f"/t/acme/jobs/{ended.pk}/retry/", {"form_key": key}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].url == answers[1].url
    with tenant_scope(acme):
        assert SnapshotJob.objects.filter(retry_of=ended).count() == 1


def test_a_queued_job_says_that_quicksight_is_not_answering(client, acme, adam, daily_calls, now):
    waiting = make_job(tenant=acme, report=daily_calls)
    with platform_scope():
        Account.objects.filter(pk=waiting.account_id).update(unanswered_since=now)
    client.force_login(adam)

    pages = [client.get(path).content.decode() for path in ("/t/acme/", f"/t/acme/jobs/{waiting.pk}/")]

    assert all("QuickSight is not answering" in page for page in pages)
