"""A report that fails again and again is paused, tried by one job now and then, and goes on by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from reports import catalogue
from reports.alarms import paused_reports
from reports.engine import admit, breaker, claim, holding, moves
from reports.engine.pump import end_stuck
from reports.models import Alarm, Pause, Report, SnapshotJob, TenantQueue
from tenants.scope import engine_scope, platform_scope, tenant_scope
from tests import factories
from tests.reports.engine import steps
from tests.reports.engine.threads import together
from tests.reports.engine.worker import wait_for

ALWAYS = 10_000
pytestmark = pytest.mark.django_db


def fails(tenant, report, code: str = "report_failed", *, times: int = 1, seen: str = "collecting") -> None:
    for _ in range(times):
        job = factories.make_job(tenant=tenant, report=report, status=seen)
        moves.move(job.tenant_id, job.pk, seen, lambda job: moves.fail(job, code, timezone.now()))


def works(tenant, report) -> None:
    job = factories.make_job(tenant=tenant, report=report, status="collecting")
    moves.move(job.tenant_id, job.pk, "collecting", lambda job: job.move_to("completed", finished_at=timezone.now()))


def fails_for_a_moment(tenant, report) -> SnapshotJob:
    """One attempt, after which there will be another one."""
    job = factories.make_job(tenant=tenant, report=report, status="collecting")
    attempt = factories.make_attempt(job=job)
    moves.move(job.tenant_id, job.pk, "collecting", lambda job: moves.try_again(job, attempt, timezone.now(), "report_failed"))
    return job


def pause_of(report) -> Pause | None:
    with engine_scope():
        return Pause.objects.of_report(report.pk).first()


def waits(tenant, report, number: int = 1) -> list[SnapshotJob]:
    return [factories.make_job(tenant=tenant, report=report) for _ in range(number)]


def let_pass(report, **duration: float) -> None:
    back = timedelta(**duration)
    with engine_scope():
        Pause.objects.of_report(report.pk).update(since=F("since") - back, probe_at=F("probe_at") - back)


def turn(account, *, slots: bool = True) -> set[str]:
    """As a pump does it, without a call: what is paused is held back, then jobs are started. The ids that may call now."""
    with engine_scope():
        if not holding.hold(account.pk) and slots:
            claim.claim(account.pk)
        started = SnapshotJob.objects.filter(account=account, status="starting")
        return set(started.values_list("pk", flat=True))


def alarms() -> list[tuple[str, bool]]:
    paused_reports.compare()
    with engine_scope():
        return [(alarm.subject, alarm.ended_at is None) for alarm in Alarm.objects.order_by("id")]


def test_five_failures_with_one_cause_pause_the_report_with_one_alarm(account, acme, daily_calls):
    fails(acme, daily_calls, times=4)
    after_four = pause_of(daily_calls)
    fails(acme, daily_calls, times=3)

    pause = pause_of(daily_calls)
    assert after_four is None
    assert (pause.by, pause.code) == ("", "report_failed")
    assert pause.probe_at - pause.since == breaker.SHORTEST_PROBE


@pytest.mark.django_db(transaction=True)
def test_a_pause_by_itself_has_one_alarm_while_it_lasts(account, acme, daily_calls):
    fails(acme, daily_calls, times=8)
    begun = alarms() + alarms()
    works(acme, daily_calls)

    assert begun == [("daily-calls", True)] * 2
    assert alarms() == [("daily-calls", False)]


def test_failures_of_several_tenants_and_of_single_attempts_count_together(account, acme, globex, daily_calls):
    fails(acme, daily_calls, times=2)
    fails(globex, daily_calls, times=2)
    fails_for_a_moment(acme, daily_calls)

    assert pause_of(daily_calls)


def test_a_success_in_between_begins_the_count_anew(account, acme, daily_calls):
    fails(acme, daily_calls, times=4)
    works(acme, daily_calls)
    fails(acme, daily_calls, times=4)

    assert pause_of(daily_calls) is None


def test_five_failures_of_different_causes_pause_nothing(account, acme, daily_calls):
    for code in ("report_failed", "result_missing", "report_failed", "result_invalid", "report_failed", "result_missing"):
        fails(acme, daily_calls, code)

    assert pause_of(daily_calls) is None


@pytest.mark.parametrize("code", ["parameter_refused", "deadline_passed", "internal", "service_unavailable", "report_changed"])
def test_what_is_not_the_reports_doing_is_not_counted(code, account, acme, daily_calls):
    fails(acme, daily_calls, code, times=8)

    assert pause_of(daily_calls) is None


def test_tags_of_one_tenant_that_are_not_safe_do_not_stop_the_others(account, acme, daily_calls):
    fails(acme, daily_calls, "rows_not_isolated", times=8)

    assert pause_of(daily_calls) is None


@pytest.mark.parametrize("code", sorted(breaker.AT_ONCE))
def test_a_permission_or_a_configuration_pauses_the_report_at_once(code, account, acme, daily_calls):
    fails(acme, daily_calls, code, seen="starting")

    assert pause_of(daily_calls).code == code


def test_while_it_is_paused_nothing_of_it_starts_and_others_do(account, acme, globex, daily_calls):
    other = factories.make_report(slug="agent-scorecard", account=account)
    let_in = waits(acme, daily_calls, 3)
    turn(account, slots=False)
    with engine_scope():
        admit.admit(account.pk)
    fails(acme, daily_calls, times=5)
    (free,) = waits(globex, other)
    late = waits(globex, daily_calls, 3)

    started = turn(account) | turn(account)

    assert started == {free.pk}
    assert {steps.status_of(job) for job in (*let_in, *late)} == {"queued"}
    with engine_scope():
        assert sum(TenantQueue.objects.values_list("queued", flat=True)) == 0


def test_one_probe_starts_when_its_time_has_come_and_none_while_it_is_under_way(account, acme, daily_calls):
    fails(acme, daily_calls, times=5)
    jobs = waits(acme, daily_calls, 3)
    before = turn(account)
    let_pass(daily_calls, minutes=2)

    first = turn(account)
    let_pass(daily_calls, hours=2)
    second = turn(account)

    assert before == set()
    assert first == {jobs[0].pk}
    assert second == first


def test_a_probe_waits_for_a_job_and_is_the_next_one_that_comes(account, acme, daily_calls):
    fails(acme, daily_calls, times=5)
    let_pass(daily_calls, minutes=2)
    turn(account)

    (job,) = waits(acme, daily_calls)

    assert turn(account) == {job.pk}


def test_probes_come_at_growing_intervals(account, acme, daily_calls):
    fails(acme, daily_calls, times=5)
    waits(acme, daily_calls, 10)
    ages = []
    for _ in range(8):
        with engine_scope():
            pause = Pause.objects.of_report(daily_calls.pk).get()
        let_pass(daily_calls, seconds=(pause.probe_at - timezone.now()).total_seconds() + 0.001)
        (job_id,) = turn(account)
        ages.append(round((timezone.now() - pause_of(daily_calls).since).total_seconds() / 60))
        moves.move(acme.pk, job_id, "starting", lambda job: moves.fail(job, "report_failed", timezone.now()))

    assert ages == [1, 2, 4, 8, 16, 32, 62, 92]


@pytest.mark.django_db(transaction=True)
def test_two_pumps_at_once_let_one_probe_in(account, acme, daily_calls):
    fails(acme, daily_calls, times=5)
    waits(acme, daily_calls, 5)
    let_pass(daily_calls, minutes=2)

    def ask() -> None:
        with engine_scope():
            breaker.probe(account.pk)

    assert together(ask, ask, ask, ask) == []
    with engine_scope():
        assert SnapshotJob.objects.filter(admitted=True, waiting="probe").count() == 1
        assert sum(TenantQueue.objects.values_list("queued", flat=True)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_that_fail_at_once_are_both_counted_and_pause_it_once(account, acme, daily_calls):
    fails(acme, daily_calls, times=3)

    def fail() -> None:
        fails(acme, daily_calls)

    assert together(fail, fail, fail, fail) == []
    with engine_scope():
        assert Report.objects.get(pk=daily_calls.pk).failures_in_row == 7
        assert Pause.objects.count() == 1


def test_a_success_ends_the_pause_and_the_others_start(account, acme, daily_calls):
    fails(acme, daily_calls, times=5)
    jobs = waits(acme, daily_calls, 3)
    let_pass(daily_calls, minutes=2)
    turn(account)

    works(acme, daily_calls)

    assert pause_of(daily_calls) is None
    assert turn(account) == {job.pk for job in jobs}
    with engine_scope():
        report = Report.objects.get(pk=daily_calls.pk)
    assert (report.failures_in_row, report.failing_code) == (0, "")


def test_a_job_that_fails_while_it_is_paused_already_changes_nothing(account, acme, daily_calls):
    fails(acme, daily_calls, times=5)
    before = pause_of(daily_calls)
    fails(acme, daily_calls, times=3)

    after = pause_of(daily_calls)

    assert (after.pk, after.since, after.probe_at) == (before.pk, before.since, before.probe_at)


def test_each_tenant_has_its_probes_however_many_jobs_of_another_wait_before_it(account, acme, globex, daily_calls):
    fails(acme, daily_calls, times=5)
    waits(acme, daily_calls, 20)
    (small,) = waits(globex, daily_calls)

    probed = set()
    for _ in range(60):
        let_pass(daily_calls, minutes=31)
        with engine_scope():
            breaker.probe(account.pk)
            probes = SnapshotJob.objects.filter(admitted=True)
            probed |= set(probes.values_list("tenant_id", flat=True))
            probes.update(admitted=False)

    assert probed == {acme.pk, small.tenant_id}


def test_a_file_that_one_tenants_bucket_denies_us_pauses_the_report_for_nobody(account, acme, daily_calls):
    fails(acme, daily_calls, "access_denied", times=5)

    assert pause_of(daily_calls) is None


def test_a_probe_of_a_paused_tenant_is_not_let_in(account, acme, globex, daily_calls):
    fails(acme, daily_calls, times=5)
    waits(acme, daily_calls)
    (other,) = waits(globex, daily_calls)
    with engine_scope():
        Pause.objects.create(kind="tenant", tenant_id=acme.pk, since=timezone.now(), by="ines", because="Unpaid.")
    let_pass(daily_calls, minutes=2)

    assert turn(account) == {other.pk}


def test_a_job_that_waited_behind_the_pause_until_its_deadline_says_so(account, acme, daily_calls):
    fails(acme, daily_calls, times=5)
    (job,) = waits(acme, daily_calls)
    steps.let_pass(job, hours=7)

    end_stuck(account.pk)

    failed = steps.now_of(job)
    assert (failed.status, failed.failure_code) == ("failed", "report_paused")


@pytest.mark.django_db(transaction=True)
class TestAPermissionThatIsMissing:
    def test_fails_one_job_and_keeps_the_others_waiting_until_it_is_given(self, aws, account, acme, globex, daily_calls):
        aws.control.fail_next("*", "AccessDeniedException", times=ALWAYS)
        jobs = [steps.submit(acme) for _ in range(5)]

        with steps.pumping(account) as one_turn:
            for _ in range(6):
                one_turn()
                steps.let_pass(*jobs, seconds=5)
            while_refused = [steps.status_of(job) for job in jobs]
            told = alarms()
            late = steps.submit(globex)
            aws.control.clear_faults()
            let_pass(daily_calls, hours=1)

            def all_ended() -> bool:
                one_turn()
                steps.let_pass(*jobs, late, seconds=1)
                return all(steps.now_of(job).has_ended for job in (*jobs, late))

            wait_for(all_ended, 180, "all jobs ended")

        assert sorted(while_refused) == ["failed", "queued", "queued", "queued", "queued"]
        assert told == [("daily-calls", True)]
        assert alarms() == [("daily-calls", False)]
        assert sorted(steps.status_of(job) for job in (*jobs, late)) == ["completed"] * 5 + ["failed"]

    def test_costs_none_of_two_hundred_that_wait_and_asks_little(self, aws, account, acme, daily_calls):
        aws.control.fail_next("*", "AccessDeniedException", times=ALWAYS)
        first = steps.submit(acme)
        with steps.pumping(account) as one_turn:
            one_turn()
            one_turn()
            jobs = waits(acme, daily_calls, 200)
            asked = sum(aws.control.stats()["calls"].values())
            for _ in range(5):
                one_turn()

        assert steps.status_of(first) == "failed"
        with tenant_scope(acme):
            found = SnapshotJob.objects.filter(pk__in=[job.pk for job in jobs])
            assert set(found.values_list("status", "admitted")) == {("queued", False)}
        assert sum(aws.control.stats()["calls"].values()) == asked
        assert alarms() == [("daily-calls", True)]


def test_a_dashboard_that_passes_again_lets_the_next_probe_in_at_once(aws, account, acme):
    report = factories.make_report(slug="weekly-calls", account=account)
    factories.make_grant(tenant=acme, report=report)
    steps.submit(acme, "weekly-calls")
    steps.turn(account)
    refused = pause_of(report)
    steps.submit(acme, "weekly-calls")
    with platform_scope():
        Report.objects.filter(pk=report.pk).update(dashboard_id="daily-calls")

    began = timezone.now()
    catalogue.check_and_store(steps.quicksight(account), report.pk, account.pk, began)

    assert refused.code == "report_missing"
    assert pause_of(report).probe_at == began
