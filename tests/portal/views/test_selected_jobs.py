from __future__ import annotations

import uuid

import pytest
from django.utils import timezone

from reports.models import Delivery, JobEvent, Link, SnapshotJob
from reports.occurrences.job_ends import JOB_FAILED
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests.factories import make_delivery, make_file, make_job, make_link, make_occurrence, make_schedule, make_visit
from tests.recently import sign_in

pytestmark = pytest.mark.django_db
JOBS, LINKS = "/t/acme/jobs/", "/t/acme/links/"


def failed(acme, report, **fields):
    return make_job(tenant=acme, report=report, status="failed", failure_code="internal", finished_at=timezone.now(), **fields)


def post(browser, verb, jobs, path=JOBS, **more):
    return browser.post(f"{path}selected/{verb}/", {"id": [str(job.pk) for job in jobs]} | more, follow=True).content.decode()


def jobs_of(tenant, **which):
    with tenant_scope(tenant):
        return list(SnapshotJob.objects.filter(**which).order_by("created_at"))


def test_those_that_failed_are_retried_and_the_others_said(as_adam, acme, daily_calls):
    two = [failed(acme, daily_calls) for _ in range(2)]
    others = [make_job(tenant=acme, report=daily_calls, status=status) for status in ("running", "queued", "completed")]

    told = post(as_adam, "retry", [*two, *others])

    assert "2 retried, 3 could not be: 1 already running, 1 delivered, 1 still waiting." in told
    assert f"{daily_calls.name} {str(others[0].pk)[:8]}: already running" in told
    made = jobs_of(acme, retry_of__in=two)
    assert [(job.status, job.trigger, job.lane) for job in made] == [("queued", "retry", SnapshotJob.Lane.NOW)] * 2
    with tenant_scope(acme):
        assert JobEvent.objects.filter(job__in=made, type="queued").count() == 2


def test_the_same_form_sent_twice_retries_once_and_says_the_same(as_adam, acme, daily_calls):
    two, key = [failed(acme, daily_calls) for _ in range(2)], str(uuid.uuid4())

    answers = [post(as_adam, "retry", two, form_key=key) for _ in range(2)]

    assert all("2 retried." in told for told in answers)
    assert len(jobs_of(acme, retry_of__in=two)) == 2


def test_another_form_finds_them_run_again_already(as_adam, acme, daily_calls):
    job = failed(acme, daily_calls)
    post(as_adam, "retry", [job])

    assert "0 retried, 1 could not be: run again already." in post(as_adam, "retry", [job])


def test_those_who_waited_wait_for_the_new_job(as_adam, acme, daily_calls):
    two = [failed(acme, daily_calls) for _ in range(2)]
    for job in two:
        make_delivery(job=job, status="failed", failure_code=JOB_FAILED)

    post(as_adam, "retry", two)

    made = jobs_of(acme, retry_of__in=two)
    with tenant_scope(acme):
        assert set(Delivery.objects.values_list("job", "status")) == {(job.pk, "pending") for job in made}


def test_a_failed_job_of_a_run_is_made_anew_inside_it(as_adam, acme, daily_calls):
    run = make_occurrence(schedule=make_schedule(tenant=acme, report=daily_calls), status="failed")
    job = failed(acme, daily_calls, occurrence=run, fingerprint="rows")

    assert "1 retried." in post(as_adam, "retry", [job])

    (made,) = jobs_of(acme, retry_of=job)
    assert (made.occurrence_id, made.round) == (run.pk, job.round + 1)


def test_a_report_that_was_taken_back_is_not_run(as_adam, acme, daily_calls):
    job = failed(acme, daily_calls)
    with tenant_scope(acme):
        daily_calls.grants.update(withdrawn_at=timezone.now())

    assert "1 could not be: report not available any more." in post(as_adam, "retry", [job])
    assert jobs_of(acme, retry_of=job) == []


def test_fifty_are_retried_in_as_many_statements_as_one(as_adam, acme, daily_calls, django_assert_max_num_queries):
    many = [failed(acme, daily_calls) for _ in range(50)]

    with django_assert_max_num_queries(32):
        as_adam.post(f"{JOBS}selected/retry/", {"id": [str(job.pk) for job in many]})

    assert len(jobs_of(acme, retry_of__in=many)) == 50


def test_those_that_wait_are_cancelled(as_adam, acme, daily_calls):
    two = [make_job(tenant=acme, report=daily_calls) for _ in range(2)]
    running = make_job(tenant=acme, report=daily_calls, status="running")

    told = post(as_adam, "cancel", [*two, running])

    assert "2 cancelled, 1 could not be: already running." in told
    assert sorted(job.status for job in jobs_of(acme)) == ["cancelled", "cancelled", "running"]
    with tenant_scope(acme):
        assert list(AuditEvent.objects.values_list("action", flat=True)) == ["job.cancelled"] * 2


def test_what_did_not_arrive_is_sent_again(as_adam, acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls, status="completed")
    make_file(job=job)
    make_delivery(job=job, status="failed", failure_code="smtp")
    arrived = make_job(tenant=acme, report=daily_calls, status="completed")
    make_file(job=arrived)
    make_delivery(job=arrived, status="sent")

    told = post(as_adam, "send-again", [job, arrived])

    assert "1 sent again, 1 could not be: nothing to send." in told
    with tenant_scope(acme):
        assert sorted(Delivery.objects.values_list("status", flat=True)) == ["pending", "sent"]


def test_links_of_jobs_are_revoked_after_a_question_with_the_number(as_adam, acme, daily_calls):
    jobs = [make_job(tenant=acme, report=daily_calls, status="completed") for _ in range(2)]
    for job in jobs:
        make_link(job=job)
    other, _token = make_link(job=make_job(tenant=acme, report=daily_calls, status="completed"))

    asked = post(as_adam, "revoke-links", jobs)
    assert "Revoke 2 links" in asked
    with tenant_scope(acme):
        assert not Link.objects.exclude(revoked_at=None).exists()
    told = post(as_adam, "revoke-links", jobs, sure="1")

    assert "2 links were revoked." in told
    with tenant_scope(acme):
        assert list(Link.objects.filter(revoked_at=None)) == [other]


def test_selected_links_are_revoked_after_a_question(as_adam, acme, daily_calls, globex):
    job = make_job(tenant=acme, report=daily_calls, status="completed")
    mine = [make_link(job=job)[0] for _ in range(3)]
    theirs, _token = make_link(job=make_job(tenant=globex, status="completed"))

    asked = post(as_adam, "revoke", [*mine[:2], theirs], LINKS)
    assert "Revoke 2 links" in asked
    post(as_adam, "revoke", [*mine[:2], theirs], LINKS, sure="1")

    with tenant_scope(acme):
        assert list(Link.objects.filter(revoked_at=None)) == mine[2:]
    with tenant_scope(globex):
        assert Link.objects.get().revoked_at is None


@pytest.mark.parametrize("verb", ["retry", "cancel", "send-again", "revoke-links"])
def test_jobs_of_another_company_are_not_found(as_adam, globex, acme, daily_calls, verb):
    theirs = [make_job(tenant=globex, status=status) for status in ("failed", "queued", "completed")]
    before = jobs_of(globex)

    told = post(as_adam, verb, theirs, sure="1")
    unknown = as_adam.post(f"{JOBS}selected/{verb}/", {"id": [str(uuid.uuid4()) for _ in range(3)], "sure": "1"}, follow=True)

    assert ("3 could not be: not found." in told) == (verb != "revoke-links")
    assert ("3 could not be: not found." in unknown.content.decode()) == (verb != "revoke-links")
    assert [job.status for job in jobs_of(globex)] == [job.status for job in before]


@pytest.mark.parametrize("verb", ["retry", "cancel", "send-again", "revoke-links"])
def test_a_viewer_sees_no_boxes_and_may_do_nothing(as_alice, acme, daily_calls, verb):
    job = failed(acme, daily_calls)

    assert 'form="selected"' not in as_alice.get(JOBS).content.decode()
    assert as_alice.post(f"{JOBS}selected/{verb}/", {"id": str(job.pk)}).status_code == 403


def test_a_visit_that_only_looks_selects_nothing(client, ines, acme, daily_calls):
    job = failed(acme, daily_calls)
    visit = make_visit(tenant=acme, staff=ines)
    browser = sign_in(client, ines)
    session = browser.session
    session["visit"] = {"id": str(visit.pk), "company": "acme"}
    session.save()

    assert 'form="selected"' not in browser.get(JOBS).content.decode()
    assert browser.post(f"{JOBS}selected/retry/", {"id": str(job.pk)}).status_code == 403
    assert len(jobs_of(acme)) == 1


def test_the_list_is_exported_as_it_is_narrowed_and_runs_nothing_in_a_spreadsheet(as_adam, acme, daily_calls):
    failed(acme, daily_calls, actor="=HYPERLINK()")
    make_job(tenant=acme, report=daily_calls, status="completed")

    lines = as_adam.get(f"{JOBS}export/?status=failed").content.decode().splitlines()

    assert len(lines) == 2
    assert "'=HYPERLINK()" in lines[1]
    assert daily_calls.name in lines[1]
