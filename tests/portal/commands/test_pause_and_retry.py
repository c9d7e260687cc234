"""`manage.py pause`, `resume` and `retry`, as somebody types them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from reports.models import Delivery, Pause, SnapshotJob
from tenants.scope import engine_scope, tenant_scope
from tests import factories

pytestmark = pytest.mark.django_db
SINCE = (timezone.now() - timedelta(hours=3)).isoformat()


@pytest.fixture
def run(capsys):
    def call(*words: str) -> str:
        call_command(*words)
        return capsys.readouterr().out

    return call


def pauses() -> list[str]:
    with engine_scope():
        return sorted(Pause.objects.values_list("kind", flat=True))


def failed_job(tenant, report, code: str = "service_unavailable", **ago: float) -> SnapshotJob:
    ended = timezone.now() - timedelta(**(ago or {"hours": 1}))
    return factories.make_job(tenant=tenant, report=report, status="failed", failure_code=code, finished_at=ended)


def failed_delivery(tenant, report, code: str = "unreachable", *, job_status: str = "completed") -> Delivery:
    job = factories.make_job(tenant=tenant, report=report, status=job_status)
    return factories.make_delivery(job=job, status="failed", failure_code=code, ended_at=timezone.now() - timedelta(hours=1))


def retries(job) -> int:
    with tenant_scope(job.tenant_id):
        return SnapshotJob.objects.filter(retry_of=job).count()


def status_of(delivery) -> str:
    with tenant_scope(delivery.tenant_id):
        return Delivery.objects.get(pk=delivery.pk).status


@pytest.mark.parametrize("words", [("account", "main"), ("tenant", "acme"), ("report", "daily-calls"), ("delivery",), ("delivery", "acme")])
def test_each_subject_is_paused_and_resumed(words, run, acme, daily_calls):
    said = run("pause", *words, "--because=The night's data is loaded again.")
    paused = pauses()
    again = run("pause", *words, "--because=Once more.")
    over = run("resume", *words)

    assert said == f"Paused: {' '.join(words)}.\n"
    assert paused == [words[0]]
    assert "paused before" in again
    assert over == f"Resumed: {' '.join(words)}.\n"
    assert pauses() == []
    assert "not paused" in run("resume", *words)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("pause", "tenant", "acne", "--because=x"), "There is no tenant “acne”. There are: acme, globex."),
        (("pause", "account", "", "--because=x"), "Name the account"),
        (("pause", "report", "daily-calls", "--because= "), "1 to 300 characters"),
        (("resume", "report", "weekly"), "There is no report “weekly”. There are: daily-calls."),
        (("pause", "planet", "earth", "--because=x"), "invalid choice: 'planet'"),
        (("pause", "tenant", "acme"), "--because"),
        (("retry", "--since", "yesterday"), "--since “yesterday” is no time. Write it as 2026-11-25T06:00"),
        (("retry", "--since", "2026-13-45T99:00"), "is no time"),
        (("retry", "--since", "2099-01-01T00:00"), "--since and --until"),
        (("retry", "--since", SINCE, "--cause", "bad_luck"), "“bad_luck” is no cause"),
        (("retry", "--since", SINCE, "--tenant", "acne"), "There is no tenant “acne”"),
    ],
)
def test_what_makes_no_sense_gets_a_sentence_and_changes_nothing(words, sentence, acme, daily_calls):
    with pytest.raises(CommandError, match=sentence.replace("(", r"\(")):
        call_command(*words)

    assert pauses() == []


def test_what_failed_is_counted_by_tenant_and_cause_and_run_again_once(run, acme, globex, daily_calls):
    jobs = [failed_job(acme, daily_calls), failed_job(acme, daily_calls), failed_job(globex, daily_calls, "report_failed")]
    sent_again = failed_delivery(globex, daily_calls)
    before = failed_job(acme, daily_calls, hours=5)

    said = run("retry", "--since", SINCE)
    once_more = run("retry", "--since", SINCE)

    assert [line.split() for line in said.splitlines()[1:-1]] == [
        ["acme", "service_unavailable", "2", "0"],
        ["globex", "report_failed", "1", "0"],
        ["globex", "unreachable", "0", "1"],
    ]
    assert said.splitlines()[-1] == "Run again: 4 of 4."
    assert once_more == "Nothing of that failed.\n"
    assert [retries(job) for job in (*jobs, before)] == [1, 1, 1, 0]
    assert status_of(sent_again) == "pending"


def test_a_dry_run_changes_nothing(run, acme, daily_calls):
    job, delivery = failed_job(acme, daily_calls), failed_delivery(acme, daily_calls)

    said = run("retry", "--since", SINCE, "--dry-run")

    assert "service_unavailable" in said
    assert said.endswith("Dry run: nothing was changed.\n")
    assert (retries(job), status_of(delivery)) == (0, "failed")


def test_cause_tenant_report_and_end_narrow_it_down(run, acme, globex, daily_calls):
    wanted = failed_job(acme, daily_calls)
    others = [failed_job(acme, daily_calls, "report_failed"), failed_job(globex, daily_calls), failed_job(acme, daily_calls, minutes=5)]
    others.append(failed_job(acme, factories.make_report(slug="other")))
    until = (timezone.now() - timedelta(minutes=30)).isoformat()

    narrow = ("--cause=service_unavailable", "--tenant=acme", "--report=daily-calls", f"--until={until}")
    run("retry", "--since", SINCE, *narrow)

    assert retries(wanted) == 1
    assert [retries(job) for job in others] == [0] * 4


def test_a_delivery_goes_with_its_job_and_not_to_an_address_that_is_no_good(run, acme, daily_calls):
    of_the_job = failed_delivery(acme, daily_calls, "job_failed", job_status="failed")
    stopped = failed_delivery(acme, daily_calls)
    factories.make_suppression(tenant=acme, email=stopped.address)

    run("retry", "--since", SINCE)

    assert [status_of(row) for row in (of_the_job, stopped)] == ["pending", "failed"]
    assert retries(of_the_job.job) == 1


def test_a_report_that_is_not_offered_any_more_is_named_and_the_rest_goes_on(run, acme, globex, daily_calls):
    gone, other = failed_job(acme, daily_calls), failed_job(globex, daily_calls)
    with tenant_scope(acme):
        acme.grants.update(withdrawn_at=timezone.now())

    said = run("retry", "--since", SINCE)

    assert "Not run again (1), acme: There is no such report for you." in said
    assert (retries(gone), retries(other)) == (0, 1)
