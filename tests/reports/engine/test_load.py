"""Many jobs at once through a real worker: slots are full while work waits, and never overfull."""

from __future__ import annotations

import urllib.request

import pytest
from django.utils import timezone

from reports import files, jobs
from reports.models import SnapshotFile, SnapshotJob
from tenants.audit import Actor
from tenants.scope import tenant_scope
from tests.factories import make_account, make_grant, make_report
from tests.pretend_aws import ACCOUNT, REGION
from tests.reports.engine.worker import environment_of, running_worker, wait_for

pytestmark = pytest.mark.django_db(transaction=True)
JOBS, SECONDS, SLOTS = 60, 4.0, 12


@pytest.mark.parametrize("rate", [60, 10])
def test_sixty_jobs_fill_twelve_slots_and_no_call_is_refused(rate, aws, acme, database_env, tmp_path):
    aws.control.set(slots=SLOTS, requests_per_second=rate, job_seconds=SECONDS)
    account = make_account(aws_account_id=ACCOUNT, region=REGION, slots=SLOTS, requests_per_second=rate)
    report = make_report(slug="daily-calls", account=account)
    make_grant(tenant=acme, report=report)
    with tenant_scope(acme):
        submitted = [
            jobs.submit(acme, Actor("load"), jobs.Wanted("daily-calls", ["CSV"], visual_ids=["table-1"]), now=timezone.now())
            for _ in range(JOBS)
        ]

    with running_worker(environment_of(database_env, aws.environment), tmp_path):
        wait_for(lambda: ended(acme) == JOBS, 180, f"{JOBS} jobs ended")

    stats = aws.control.stats()
    assert statuses(acme) == {"completed": JOBS}
    assert stats["peak_unfinished"] == SLOTS if rate == 60 else stats["peak_unfinished"] <= SLOTS
    assert stats["refused_by_limit"] == 0
    assert stats["throttled"] == 0
    assert sorted(stats["accepted"].values()) == [1] * JOBS
    with tenant_scope(acme):
        kept = list(SnapshotFile.objects.filter(job__in=submitted))
    assert len(kept) == JOBS
    assert all(len(urllib.request.urlopen(files.presigned_url(file)).read()) == file.size_bytes for file in kept)


def statuses(tenant) -> dict[str, int]:
    with tenant_scope(tenant):
        found = list(SnapshotJob.objects.for_tenant(tenant).values_list("status", flat=True))
    return {status: found.count(status) for status in set(found)}


def ended(tenant) -> int:
    return sum(count for status, count in statuses(tenant).items() if status in SnapshotJob.ENDED)
