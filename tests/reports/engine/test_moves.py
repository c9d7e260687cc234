"""Which moves a job's life has, written down a second time."""

from __future__ import annotations

import itertools

import pytest
from django.utils import timezone

from reports.engine import moves
from reports.models.jobs import InvalidMove, SnapshotJob
from tenants.scope import tenant_scope
from tests.factories import make_attempt, make_job
from tests.reports.engine import steps

pytestmark = pytest.mark.django_db
MOVES = {
    ("queued", "starting"),
    ("queued", "failed"),
    ("queued", "cancelled"),
    ("starting", "queued"),
    ("starting", "running"),
    ("starting", "failed"),
    ("starting", "cancelled"),
    ("running", "queued"),
    ("running", "collecting"),
    ("running", "failed"),
    ("running", "cancelled"),
    ("collecting", "queued"),
    ("collecting", "completed"),
    ("collecting", "failed"),
    ("collecting", "cancelled"),
}


@pytest.mark.parametrize(("start", "end"), list(itertools.product(SnapshotJob.Status.values, repeat=2)))
def test_every_pair_of_states_is_a_move_or_a_fault(start, end, acme):
    job = make_job(tenant=acme, status=start)
    ends = {"finished_at": timezone.now()} if end in SnapshotJob.ENDED else {}

    with tenant_scope(acme):
        if (start, end) in MOVES:
            assert job.move_to(end, **ends)
        else:
            with pytest.raises(InvalidMove):
                job.move_to(end, **ends)

    assert steps.status_of(job) == (end if (start, end) in MOVES else start)


def test_a_move_that_lost_the_race_changes_nothing(acme):
    job = make_job(tenant=acme, status="queued")
    with tenant_scope(acme):
        late = SnapshotJob.objects.get(pk=job.pk)
        job.move_to("cancelled", finished_at=timezone.now())

        assert not late.move_to("starting")

    assert steps.status_of(job) == "cancelled"


def test_news_about_an_earlier_attempt_moves_nothing(acme):
    job = make_job(tenant=acme, status="running")
    first = make_attempt(job=job, number=1, ended_at=timezone.now())
    make_attempt(job=job, number=2)

    moves.move(acme.pk, job.pk, "running", lambda job: moves.fail(job, "report_failed", timezone.now()), snapshot_id=first.pk)

    assert steps.status_of(job) == "running"


def test_a_failed_job_leaves_no_attempt_open(acme):
    job = make_job(tenant=acme, status="starting")
    make_attempt(job=job)

    moves.move(acme.pk, job.pk, "starting", lambda job: moves.fail(job, "deadline_passed", timezone.now()))

    (attempt,) = steps.attempts_of(job)
    assert attempt.ended_at
    assert attempt.failure_code == "deadline_passed"
