"""Tags of an audience, at the start of its job: they narrow the tenant's rows, or nothing is asked of QuickSight."""

from __future__ import annotations

import csv
import urllib.request

import pytest

from reports import files
from reports.models import SnapshotJob
from tests.factories import give_tags
from tests.reports.engine import steps
from tests.reports.engine.readings import both_readings
from tests.reports.engine.test_other_readings import assert_failed_without_a_trace

pytestmark = pytest.mark.django_db


def submit(tenant, narrowing_tags) -> SnapshotJob:
    return steps.submit(tenant, narrowing_tags=narrowing_tags)


def desks(job) -> set[str]:
    (file,) = steps.files_of(job)
    with urllib.request.urlopen(files.presigned_url(file)) as answer:
        rows = csv.DictReader(answer.read().decode("utf-8-sig").splitlines())
        return {row["Desk"] for row in rows}


def test_an_audiences_job_has_its_rows_and_no_others(aws, account, acme, daily_calls):
    north, everybody = submit(acme, {"desk": "north"}), submit(acme, {})

    steps.run_until_ended(account, north, everybody)

    (attempt,) = steps.attempts_of(north)
    assert attempt.session_tags == {"tenant_id": "acme", "desk": "north"}
    assert desks(north) == {"north"}
    assert desks(everybody) > {"north"}


@pytest.mark.parametrize("narrowing", [{"tenant_id": "globex"}, {"floor": "1"}], ids=["the tenant's key", "no rule"])
@both_readings
def test_tags_that_do_not_narrow_never_reach_quicksight(aws, account, acme, daily_calls, narrowing):
    job = submit(acme, narrowing)

    steps.turn(account)

    assert aws.control.stats()["start_calls"] == 0
    assert_failed_without_a_trace(aws, account, job, "rows_not_isolated")


def test_a_key_that_became_the_tenants_own_stops_the_audience(aws, account, acme, daily_calls):
    job = submit(acme, {"desk": "north"})
    give_tags(acme, {"tenant_id": "acme", "desk": "south"})

    steps.turn(account)

    assert_failed_without_a_trace(aws, account, job, "rows_not_isolated")


def test_the_lines_of_a_csv_are_counted(aws, account, acme, daily_calls):
    job = submit(acme, {})

    steps.run_until_ended(account, job)

    (file,) = steps.files_of(job)
    with urllib.request.urlopen(files.presigned_url(file)) as answer:
        rows = list(csv.reader(answer.read().decode("utf-8-sig").splitlines()))
    assert file.data_rows == len(rows) - 1 > 0
