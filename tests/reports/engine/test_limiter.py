"""The account's request budget: one for all threads and processes, and AWS never has to say it."""

from __future__ import annotations

import collections
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from reports.aws.errors import Throttled
from reports.aws.quicksight import QuickSight
from reports.engine import leasing, limiter
from reports.models import RequestBudget
from tenants.scope import engine_scope
from tests.factories import make_account, make_job, make_report
from tests.pretend_aws import ACCOUNT, REGION
from tests.reports.engine import steps
from tests.reports.engine.threads import together

pytestmark = pytest.mark.django_db(transaction=True)
CALLS = 24


@pytest.fixture
def slow_account(aws, db):
    """Ten requests a second, and not one more."""
    aws.control.set(requests_per_second=10)
    return make_account(aws_account_id=ACCOUNT, region=REGION, slots=12, requests_per_second=10)


def test_threads_share_one_budget_and_none_is_throttled(aws, slow_account):
    quicksight = QuickSight(steps.quicksight(slow_account).account, gate=lambda: limiter.wait_for_turn(slow_account.pk))
    quicksight.list_dashboards()  # Makes the client, which all threads would wait for.

    faults = together(*[lambda: [quicksight.list_dashboards() for _ in range(CALLS // 4)]] * 4)

    stats = aws.control.stats()
    assert faults == []
    assert (stats["throttled"], stats["calls"]) == (0, {"ListDashboards": CALLS + 1})


def test_without_the_budget_the_same_calls_are_throttled(aws, slow_account):
    """So the test above can fail."""
    quicksight = steps.quicksight(slow_account)

    with pytest.raises(Throttled, match="Rate exceeded"):
        collections.deque((quicksight.list_dashboards() for _ in range(CALLS)), maxlen=0)


def test_a_throttle_makes_everybody_wait(aws, account, acme, daily_calls):
    aws.control.fail_next(steps.START, "ThrottlingException")
    steps.submit(acme)
    before = next_request_at(account)

    with steps.pumping(account) as one_turn:
        one_turn()

    assert (next_request_at(account) - before).total_seconds() >= limiter.PENALTY_SECONDS


def test_accounts_do_not_wait_for_each_other(account):
    other = make_account(name="other")
    before = next_request_at(other)

    limiter.slow_down(account.pk)

    assert next_request_at(other) == before


def test_at_one_call_in_two_seconds_a_check_of_all_reports_leaves_turns_to_jobs(aws, acme):
    account = make_account(aws_account_id=ACCOUNT, region=REGION, requests_per_second=0.5)
    make_job(tenant=acme, report=make_report(account=account), status="starting", next_look_at=timezone.now())
    with engine_scope():
        # Whoever checks has one turn after the other: one of them is always taken and not over yet.
        RequestBudget.objects.filter(account=account).update(next_request_at=timezone.now() + timedelta(seconds=2.2))

    with engine_scope():
        (lease,) = leasing.take_due(account.pk, 5)

    assert lease.send_at - time.monotonic() == pytest.approx(2.2, abs=0.5)


def next_request_at(account):
    with engine_scope():
        return RequestBudget.objects.get(account=account).next_request_at
