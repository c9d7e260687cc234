"""Jobs that a gate holds, as the older API tells of them: it knows no such state."""

from __future__ import annotations

import pytest

from reports.models import Review, SnapshotFile
from tenants.scope import tenant_scope
from tests.factories import make_file, make_job

WORDS = {"checking": "RUNNING", "held": "RUNNING", "released": "COMPLETED", "rejected": "FAILED"}


@pytest.fixture
def gated(acme, daily_calls, now):
    """Makes a completed job whose review has that state."""

    def make(status: str):
        job = make_job(tenant=acme, report=daily_calls, status="completed", now=now)
        make_file(job=job, held=status != "released")
        ended = status in ("released", "rejected")
        times = {"next_try_at": None if ended else now, "decided_at": now if ended else None}
        times |= {"held_at": now, "held_until": now} if status == "held" else {}
        with tenant_scope(acme):
            Review.objects.create(tenant=acme, job=job, status=status, created_at=now, **times)
        return job

    return make


@pytest.mark.parametrize(("status", "word"), WORDS.items())
def test_each_state_of_a_review_has_a_word_that_old_clients_know(acme_client, gated, status, word):
    job = gated(status)

    assert acme_client.get(f"/describe_job/daily-calls/{job.pk}")[1]["JobStatus"] == word
    assert [item["jobStatus"] for item in acme_client.get()[1]["Items"]] == [word]


@pytest.mark.parametrize("status", ["checking", "held", "rejected"])
def test_nothing_tells_where_a_held_file_lies_or_gives_it(acme_client, gated, acme, status):
    job = gated(status)
    with tenant_scope(acme):
        key = SnapshotFile.objects.get(job=job).key

    answers = [acme_client.get(f"/{verb}/daily-calls/{job.pk}") for verb in ("describe_job", "describe_job_result", "download_output")]

    assert key not in str(answers)
    assert "presignedUrl" not in str(answers)


def test_a_held_job_is_not_deleted(acme_client, gated):
    job = gated("held")

    answer = acme_client.call("DELETE", f"/daily-calls/{job.pk}")

    assert answer[1] == {"error": "Cannot delete job with status: RUNNING"}
