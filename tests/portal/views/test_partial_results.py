"""What people read when QuickSight delivered less than was asked for: words on the job's page, no half set of files, no dead link."""

from __future__ import annotations

import pytest

from reports.models import Account, Link
from tenants.scope import platform_scope, tenant_scope
from tests.reports.engine import steps
from tests.reports.engine.conftest import account, aws, daily_calls, server

__all__ = ["account", "aws", "daily_calls", "server"]
pytestmark = pytest.mark.django_db
INVALID = "QuickSight delivered a file that cannot be opened, so it was not kept."
MISSING = "QuickSight said that the report was ready, but a file was not there."
AGAIN = "Run the report again. If it fails once more, please contact us."
OURS = "Please contact us; running it again will not help until this is put right."
ALWAYS = 100
# How the result is wrong -> what the page says, and after how many tries.
ENDS = {
    "one_group_failed": ("QuickSight could not render this report.", "It tried once."),
    "missing_object": (MISSING, "It tried 2 times."),
    "no_uri": (MISSING, "It tried 3 times."),
    "empty_object": (INVALID, "It tried 3 times."),
    "wrong_type": (INVALID, "It tried 3 times."),
    "truncated": (INVALID, "It tried 3 times."),
    "https_uri": (INVALID, "It tried once."),
    "foreign_bucket": (INVALID, "It tried once."),
    "foreign_prefix": (INVALID, "It tried once."),
    "named_twice": (INVALID, "It tried once."),
}


def page(browser, job) -> str:
    return browser.get(f"/t/acme/jobs/{job.pk}/").content.decode()


def offers_a_file(shown: str, job) -> bool:
    return f"/t/acme/jobs/{job.pk}/files/" in shown


@pytest.mark.parametrize("variant", ENDS)
def test_a_result_that_is_not_whole_ends_in_words_and_without_any_file(variant, aws, account, acme, daily_calls, as_adam):
    aws.control.damage_results(variant, times=ALWAYS)
    job = steps.submit(acme, formats=["PDF", "CSV"])

    steps.run_until_ended(account, job, seconds=150)

    shown = page(as_adam, job)
    words, tries = ENDS[variant]
    assert shown.index(words) < shown.index(tries) < shown.index(AGAIN)
    assert not offers_a_file(shown, job)
    assert f'action="/t/acme/jobs/{job.pk}/retry/"' in shown
    link = as_adam.post(f"/t/acme/jobs/{job.pk}/links/", follow=True).content.decode()
    assert "This job has no files yet." in link
    with tenant_scope(acme):
        assert not Link.objects.exists()


@pytest.mark.parametrize("variant", ["encoded_key", "other_order"])
def test_a_result_that_is_only_told_otherwise_is_whole(variant, aws, account, acme, daily_calls, as_adam):
    aws.control.damage_results(variant)
    job = steps.submit(acme, formats=["PDF", "CSV"])

    steps.run_until_ended(account, job)

    shown = page(as_adam, job)
    assert "Ready to download" in shown
    assert shown.count(f'action="/t/acme/jobs/{job.pk}/files/') == 2


def test_a_file_that_is_late_is_no_failure_and_no_download_yet(aws, account, acme, daily_calls, as_adam):
    aws.control.damage_results("missing_object")
    job = steps.submit(acme)
    steps.run_until(account, job, status="collecting")
    steps.turn(account)

    shown = page(as_adam, job)

    assert "Saving" in shown
    assert not offers_a_file(shown, job)
    assert "Failed" not in shown


@pytest.mark.parametrize(("variant", "tries"), [("truncated", 2), ("missing_object", 2)])
def test_a_retry_that_brings_the_whole_result_says_so(variant, tries, aws, account, acme, daily_calls, as_adam):
    aws.control.damage_results(variant)
    job = steps.submit(acme, formats=["PDF"])

    steps.run_until_ended(account, job, seconds=150)

    shown = page(as_adam, job)
    assert "Delivered after a retry" in shown
    assert "Attempt 1 failed" in shown
    assert offers_a_file(shown, job)
    assert len(steps.attempts_of(job)) == tries


def test_jobs_of_an_account_that_refuses_the_portal_say_what_they_wait_for(account, acme, daily_calls, as_adam, now):
    job = steps.submit(acme)
    with platform_scope():
        Account.objects.filter(pk=account.pk).update(refused_since=now, refused_code="ExpiredTokenException")

    pages = [as_adam.get("/t/acme/").content.decode(), page(as_adam, job)]

    assert all("QuickSight refuses the portal access at the moment" in shown for shown in pages)
    assert "Nothing is lost: the job goes on by itself." in pages[1]
    assert not any("ExpiredTokenException" in shown for shown in pages)


def test_a_job_that_the_account_refused_until_its_deadline_is_for_us_to_mend(aws, account, acme, daily_calls, as_adam):
    aws.control.fail_next("*", "UnsupportedPricingPlanException", times=ALWAYS)
    job = steps.submit(acme)
    steps.mark_checked(daily_calls)
    steps.turn(account)

    steps.let_pass(job, hours=7)
    steps.turn(account)

    shown = page(as_adam, job)
    assert shown.index("QuickSight refused the portal access until the job&#x27;s deadline.") < shown.index(OURS)
