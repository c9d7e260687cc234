"""The first file to read: one job from its request to a checked file, each step by hand."""

from __future__ import annotations

import hashlib
import urllib.request

import pytest
from django.utils import timezone

from reports import files, jobs
from reports.models import SnapshotFile, SnapshotJob
from tenants.audit import Actor
from tenants.scope import tenant_scope
from tests.reports.engine import steps

pytestmark = pytest.mark.django_db(transaction=True)
ADAM = Actor("adam@acme.example")


def submit(tenant, **wanted) -> SnapshotJob:
    with tenant_scope(tenant):
        return jobs.submit(tenant, ADAM, jobs.Wanted("daily-calls", **({"formats": ["PDF"]} | wanted)), now=timezone.now())


def test_a_job_becomes_files_that_were_checked_one_by_one(aws, account, acme, daily_calls):
    job = submit(acme, formats=["PDF", "CSV", "EXCEL"])

    steps.run_until_ended(account, job)

    with tenant_scope(acme):
        job.refresh_from_db()
        assert job.status == "completed", job.failure_message
        kept = list(SnapshotFile.objects.filter(job=job))
    assert sorted(file.format for file in kept) == ["CSV", "CSV", "EXCEL", "PDF"]
    for file in kept:
        body = urllib.request.urlopen(files.presigned_url(file)).read()
        assert len(body) == file.size_bytes
        assert hashlib.sha256(body).digest() == bytes(file.sha256)
