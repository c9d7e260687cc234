"""A small real run: every figure of /metrics is what happened, the pump's calls as the pretend AWS counted them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone

from reports import figures, standing, tallies, tasks
from reports.delivery.courier import HANDS, courier
from reports.engine import pump, turns
from tenants.scope import tenant_scope
from tests import factories
from tests.hands import wait_until_free
from tests.metrics import TOKEN, Figures, ask
from tests.reports.delivery.steps import url_of
from tests.reports.engine import steps
from tests.reports.engine.worker import environment_of, running_worker, wait_for
from tests.reports.occurrences import steps as plans

pytestmark = pytest.mark.django_db(transaction=True)
CALLS, ATTEMPTS, JOBS = "fanfold_quicksight_calls_total", "fanfold_attempts_ended_total", "fanfold_jobs_ended_total"
OPERATIONS = {
    "start_dashboard_snapshot_job": steps.START,
    "describe_dashboard_snapshot_job": steps.DESCRIBE,
    "describe_dashboard_snapshot_job_result": steps.RESULT,
}


@pytest.fixture(autouse=True)
def counted_from_here(settings, monkeypatch):
    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setattr(turns, "IDLE_SECONDS", 0.3)
    tallies.forget()
    yield
    tallies.forget()


def run_all(account, *waiting) -> None:
    """By real pumps, with back-offs that pass at once."""
    for _ in range(30):
        pump.pump(account.pk, window=5)
        if all(steps.now_of(job).has_ended for job in waiting):
            return
        steps.let_pass(*waiting, seconds=120)
    raise AssertionError([steps.status_of(job) for job in waiting])


def calls(told: Figures, operation: str) -> dict[str, float]:
    """By outcome."""
    return {row["outcome"]: row["value"] for row in told.all_of(CALLS) if row["operation"] == operation}


def test_completed_failed_refused_and_cancelled_are_counted_each_for_what_it_was(client, aws, account, acme, globex, daily_calls):
    failing = factories.make_report(slug="failing", account=account, dashboard_id="no-such-dashboard")
    factories.make_grant(tenant=acme, report=failing)
    steps.mark_checked(failing)
    taken_back = steps.submit(acme)
    with tenant_scope(acme):
        assert steps.jobs.take_back(taken_back, timezone.now(), "cancelled", actor="adam")
    aws.control.fail_jobs(times=1)
    first = steps.submit(acme)
    run_all(account, first)
    others = [steps.submit(tenant, lane=lane) for tenant, lane in ((acme, 0), (globex, 1))]
    run_all(account, *others)
    refused = steps.submit(acme, report="failing")
    run_all(account, refused)
    told = ask(client)

    assert {row["cause"] or row["status"]: row["value"] for row in told.all_of(JOBS)} == {
        "completed": 3,
        "cancelled": 1,
        "report_missing": 1,
    }
    assert {row["account"] for row in told.all_of(JOBS)} == {"main"}
    ended = {row["outcome"]: row["value"] for row in told.all_of(ATTEMPTS)}
    assert ended.pop("report_failed") == 1
    assert ended.pop("completed") == 3
    assert sum(ended.values()) <= 1
    assert told.of("fanfold_job_collect_seconds_count", account="main") == 3
    waits = {row["lane"]: row["value"] for row in told.all_of("fanfold_job_wait_seconds_count")}
    assert sum(waits.values()) == 3
    assert waits["scheduled"] >= 1


def test_calls_are_counted_as_aws_saw_them_throttled_ones_too(client, aws, account, acme, daily_calls):
    aws.control.fail_next(steps.START, "ThrottlingException", times=2)
    aws.control.fail_next(steps.START, "InternalFailureException", times=1)
    job = steps.submit(acme)

    run_all(account, job)

    told, stats = ask(client), aws.control.stats()["calls"]
    started = calls(told, "start_dashboard_snapshot_job")
    assert started == {"throttled": 2, "no_answer": 1, "ok": 1}
    for ours, theirs in OPERATIONS.items():
        assert sum(calls(told, ours).values()) == stats.get(theirs, 0), ours
    assert told.of(ATTEMPTS, account="main", outcome="completed") == 1


def test_no_tenant_is_named(client, aws, account, acme, globex, daily_calls):
    jobs = [steps.submit(tenant) for tenant in (acme, globex)]
    run_all(account, *jobs)
    figures.write(tasks.CLUSTERS, list(tasks.STANDS))

    told = ask(client)

    assert told.of("fanfold_queue_jobs", account="main", lane="scheduled") == 0
    for tenant in (acme, globex):
        for word in (tenant.slug, tenant.name, tenant.code, str(tenant.pk), "daily-calls"):
            assert word.lower() not in told.text.lower()


def test_a_run_and_its_mails_are_counted_to_their_end(client, settings, smtp, account, acme, daily_calls, now):
    settings.EMAIL_URL = url_of(smtp)
    schedule = factories.make_schedule(tenant=acme, report=daily_calls, next_run_at=now)
    people = [factories.make_recipient(tenant=acme, email=f"{name}@customer.example") for name in ("kim", "lee")]
    factories.make_audience(schedule=schedule, recipients=people)
    plans.note(now, account)
    plans.expand()
    (job,) = plans.jobs_of(schedule)
    factories.make_suppression(tenant=acme, email="lee@customer.example")
    plans.complete(job, now)
    turn = courier()
    while turn():
        wait_until_free(HANDS)
    tallies.flush()

    told = ask(client)

    assert [delivery.status for delivery in plans.deliveries_of(schedule)] == ["sent", "suppressed"]
    ended = {(row["channel"], row["status"]): row["value"] for row in told.all_of("fanfold_deliveries_ended_total")}
    assert ended == {("email", "sent"): 1, ("email", "suppressed"): 1}
    (run,) = plans.occurrences_of(schedule)
    assert told.of("fanfold_occurrence_lateness_seconds_count", status="delivered") == 1
    assert told.of("fanfold_occurrence_lateness_seconds_sum", status="delivered") == pytest.approx(run.lateness())


def test_counting_adds_no_statement_to_a_jobs_steps(aws, account, acme, daily_calls, monkeypatch):
    """The same life of a job, counted and not: its steps send as many statements."""

    def statements() -> int:
        sent = 0

        def note(execute, sql, params, many, context):
            nonlocal sent
            sent += 1
            return execute(sql, params, many, context)

        job = steps.submit(acme)
        steps.run_until(account, job, status="running")
        steps.let_pass(job, seconds=20)
        aws.control.advance_clock(10, settle=False)
        with connection.execute_wrapper(note):
            steps.run_until_ended(account, job)
        assert steps.status_of(job) == "completed"
        return sent

    with monkeypatch.context() as patch:
        patch.setattr(tallies, "_when_committed", lambda amounts: None)
        uncounted = statements()
    assert tallies._counts == {}
    counted = statements()

    assert tallies._counts
    assert counted == uncounted


def test_what_a_real_workers_processes_counted_is_told(client, aws, account, acme, daily_calls, database_env, tmp_path):
    job = steps.submit(acme)

    with running_worker(environment_of(database_env, aws.environment), tmp_path):
        wait_for(lambda: steps.now_of(job).has_ended, 60, "the job ends")
        wait_for(lambda: ask(client).of(JOBS, account="main", status="completed", cause="") == 1, 60, "it is counted")

    assert ask(client).of(ATTEMPTS, account="main", outcome="completed") == 1


def test_who_stands_by_for_alarms_writes_down_how_things_stand(client, account):
    number, make = tasks.STANDS["alarms"]

    assert standing.stand("alarms", number, make(), window=0.0) == "window"

    told = ask(client)
    assert told.of("fanfold_stand_up", stand="alarms") == 1
    assert told.of("fanfold_stand_up", stand="courier") == 0
    assert told.of("fanfold_slots_limit", account="main") == 12
    assert told.of("fanfold_figures_age_seconds") is not None
