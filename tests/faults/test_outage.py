"""QuickSight gone for a while, under a real worker with its threads, budget and queue."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from reports.models import Account
from tenants.scope import engine_scope
from tests.reports.engine import steps
from tests.reports.engine.worker import environment_of, running_worker, wait_for

pytestmark = pytest.mark.django_db(transaction=True)
JOBS, SECONDS = 20, 15.0


def test_jobs_outlive_an_outage_of_quicksight(aws, account, acme, daily_calls, database_env, tmp_path: Path):
    submitted = [steps.submit(acme) for _ in range(JOBS)]
    aws.control.outage()

    with running_worker(environment_of(database_env, aws.environment), tmp_path):
        wait_for(lambda: unanswered(account), 20, "the account is marked")
        time.sleep(SECONDS)
        during = [steps.status_of(job) for job in submitted]
        accepted = aws.control.stats()["accepted"]
        aws.control.outage(False)
        wait_for(lambda: all(steps.now_of(job).has_ended for job in submitted), 60, "all jobs ended")

    assert accepted == {}
    assert during.count("starting") == 12
    assert during.count("queued") == JOBS - 12
    assert [steps.status_of(job) for job in submitted] == ["completed"] * JOBS
    assert sorted(aws.control.stats()["accepted"].values()) == [1] * JOBS
    assert not unanswered(account)
    assert steps.held_slots(account) == 0


def unanswered(account):
    with engine_scope():
        return Account.objects.values_list("unanswered_since", flat=True).get(pk=account.pk)
