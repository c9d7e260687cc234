"""Probing by start: one job more than fits is offered, and the moment it is taken a slot is known to be free."""

from __future__ import annotations

import pytest

from tenants.scope import platform_scope
from tests.factories import make_account, make_grant, make_report
from tests.pretend_aws import ACCOUNT, REGION
from tests.reports.engine import steps
from tests.reports.engine.worker import wait_for

pytestmark = pytest.mark.django_db(transaction=True)
SLOTS = 2


@pytest.fixture
def account(db):
    return make_account(aws_account_id=ACCOUNT, region=REGION, slots=SLOTS, requests_per_second=100, probes=True)


@pytest.fixture
def daily_calls(account, acme):
    report = make_report(slug="daily-calls", account=account)
    make_grant(tenant=acme, report=report)
    return report


@pytest.fixture
def full(aws, account, acme, daily_calls):
    """Both slots are taken by jobs that render until a test says so, and two jobs wait."""
    aws.control.set(slots=SLOTS)
    aws.control.stuck_jobs(times=100)
    jobs = [steps.submit(acme) for _ in range(SLOTS + 2)]
    steps.mark_checked(daily_calls)
    with steps.pumping(account) as one_turn:
        one_turn()
        yield jobs, one_turn


def by_status(jobs) -> dict[str, int]:
    found: dict[str, int] = {}
    for job in jobs:
        found[steps.status_of(job)] = found.get(steps.status_of(job), 0) + 1
    return found


def only(jobs, status: str):
    (found,) = [job for job in jobs if steps.status_of(job) == status]
    return found


def test_when_all_slots_are_taken_one_job_more_is_offered_and_no_second_one(aws, account, full):
    jobs, one_turn = full

    for _ in range(4):
        one_turn()
        steps.make_due(only(jobs, "starting"))

    assert by_status(jobs) == {"running": SLOTS, "starting": 1, "queued": 1}
    assert aws.control.stats()["peak_unfinished"] == SLOTS


def test_a_refused_offer_is_the_same_attempt_again_and_costs_nothing(aws, account, full):
    jobs, one_turn = full
    for _ in range(4):
        one_turn()
        steps.make_due(only(jobs, "starting"))

    offered = only(jobs, "starting")
    one_turn()

    assert len(steps.attempts_of(offered)) == 1
    assert steps.now_of(offered).waiting == "slots_taken"
    assert steps.events_of(offered, "slots_taken") == []
    assert aws.control.stats()["refused_by_limit"] >= 2


def test_an_offer_that_is_taken_makes_room_for_the_next_one(aws, account, full):
    jobs, one_turn = full
    one_turn()
    offered, ended = only(jobs, "starting"), next(job for job in jobs if steps.status_of(job) == "running")
    (attempt,) = steps.attempts_of(ended)

    def is_taken() -> bool:
        steps.make_due(offered)
        one_turn()
        return steps.status_of(offered) == "running"

    aws.control.finish(str(attempt.pk))
    wait_for(is_taken, 20, "the offer is taken")
    one_turn()

    assert steps.status_of(offered) == "running"
    assert by_status(jobs) == {"running": SLOTS + 1, "starting": 1}
    stats = aws.control.stats()
    assert stats["peak_unfinished"] == SLOTS
    assert set(stats["accepted"].values()) == {1}


def test_without_it_a_full_account_is_not_asked(aws, account, acme, daily_calls):
    aws.control.set(slots=SLOTS)
    with platform_scope():
        type(account).objects.filter(pk=account.pk).update(probes=False)
    aws.control.stuck_jobs(times=100)
    jobs = [steps.submit(acme) for _ in range(SLOTS + 2)]
    steps.mark_checked(daily_calls)

    with steps.pumping(account) as one_turn:
        for _ in range(3):
            one_turn()

    assert by_status(jobs) == {"running": SLOTS, "queued": 2}
    assert aws.control.stats()["refused_by_limit"] == 0


def test_a_look_that_is_told_of_a_limit_is_made_again_like_any_other(aws, account, acme, daily_calls):
    aws.control.stuck_jobs()
    job = steps.submit(acme)
    steps.run_until(account, job, status="running")
    aws.control.fail_next(steps.RESULT, "LimitExceededException")
    steps.make_due(job)

    steps.turn(account)

    running = steps.now_of(job)
    assert (running.status, running.lease_until, running.no_verdicts) == ("running", None, 1)


def test_spare_slots_are_given_back_like_others(aws, account, acme, daily_calls):
    aws.control.set(slots=SLOTS)
    jobs = [steps.submit(acme) for _ in range(6)]
    steps.mark_checked(daily_calls)

    with steps.pumping(account) as one_turn:
        for _ in range(60):
            one_turn()
            waiting = [job for job in jobs if not steps.now_of(job).has_ended]
            if not waiting:
                break
            steps.make_due(*[job for job in waiting if steps.status_of(job) != "queued"])

    assert by_status(jobs) == {"completed": 6}
    assert steps.held_slots(account) == 0
    stats = aws.control.stats()
    assert stats["peak_unfinished"] <= SLOTS
    assert set(stats["accepted"].values()) == {1}
