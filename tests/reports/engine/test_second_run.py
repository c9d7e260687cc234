"""Somebody touches a data set's rules between two runs of one report, with no time in between: the second run is refused and says why."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from reports.jobs import retry
from reports.models import SnapshotJob
from tenants.scope import tenant_scope
from tests.pretend_aws import BUCKET
from tests.reports.engine import steps

pytestmark = pytest.mark.django_db


def switch_off(aws) -> None:
    aws.control.rules("calls", "DISABLED")


def remove(aws) -> None:
    aws.control.rules("calls", "NONE")


def lose_the_key(aws) -> None:
    aws.control.set_rules("calls", [{"key": "region", "column": "region"}])


def open_an_alternative(aws) -> None:
    rules = [{"key": key, "column": key} for key in ("tenant_id", "region")]
    aws.control.set_rules("calls", rules, groups=[["tenant_id"], ["region"]])


def add_an_open_data_set(aws) -> None:
    aws.control.republish("daily-calls", dataset="market")


CHANGES = {
    switch_off: "The tag rules of data set “Calls” (calls) are switched off: its rows are not held back by “tenant_id”.",
    remove: "Data set “Calls” (calls) has no tag rules: its rows are not held back by “tenant_id”.",
    lose_the_key: "Data set “Calls” (calls) has no tag rule for “tenant_id”.",
    open_an_alternative: "Data set “Calls” (calls) has a rule alternative without “tenant_id”",
    add_an_open_data_set: "Data set “Market benchmark” (market) has no tag rules: its rows are not held back by “tenant_id”.",
}


def page_of(job: SnapshotJob, person) -> str:
    browser = Client()
    browser.force_login(person)
    return browser.get(f"/t/{job.tenant.slug}/jobs/{job.pk}/").content.decode()


def objects_below(aws, job: SnapshotJob) -> list[str]:
    listed = aws.client("s3").list_objects_v2(Bucket=BUCKET)
    return [stored["Key"] for stored in listed.get("Contents", []) if str(job.pk) in stored["Key"]]


@pytest.mark.parametrize("change", CHANGES)
def test_a_second_run_right_after_rules_ceased_to_hold_is_refused_says_why_and_leaves_no_file(
    change, aws, account, acme, alice, daily_calls
):
    first = steps.submit(acme)
    steps.run_until_ended(account, first)

    change(aws)
    second = steps.submit(acme)
    steps.run_until_ended(account, second)

    assert [steps.status_of(job) for job in (first, second)] == ["completed", "failed"]
    assert steps.now_of(second).failure_code == "rows_not_isolated"
    shown = page_of(second, alice)
    assert all(words in shown for words in ("cannot prove that it shows only your rows", CHANGES[change], "Nothing was rendered."))
    assert "Please contact us" in shown
    assert "globex" not in shown
    assert (aws.control.stats()["start_calls"], len(aws.control.jobs())) == (1, 1)
    assert steps.attempts_of(second) == []
    assert (len(objects_below(aws, first)), objects_below(aws, second)) == (1, [])
    assert steps.held_slots(account) == 0


def test_running_the_first_job_again_is_refused_just_so(aws, account, acme, daily_calls):
    first = steps.submit(acme)
    steps.run_until_ended(account, first)

    switch_off(aws)
    with tenant_scope(acme):
        again = retry(SnapshotJob.objects.select_related("tenant", "report").get(pk=first.pk), steps.ADAM, now=timezone.now())
    steps.run_until_ended(account, again)

    assert steps.now_of(again).failure_code == "rows_not_isolated"
    assert aws.control.stats()["start_calls"] == 1


def test_once_the_rules_hold_again_so_does_the_report(aws, account, acme, daily_calls):
    switch_off(aws)
    refused = steps.submit(acme)
    steps.run_until_ended(account, refused)

    aws.control.rules("calls", "ENABLED")
    mended = steps.submit(acme)
    steps.let_probe(daily_calls)
    steps.run_until_ended(account, mended)

    assert [steps.status_of(job) for job in (refused, mended)] == ["failed", "completed"]
