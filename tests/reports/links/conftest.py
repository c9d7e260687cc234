from __future__ import annotations

import pytest

from tests.factories import make_file, make_job


@pytest.fixture
def ready(acme, daily_calls, now):
    """A completed job of acme with one PDF."""
    job = make_job(tenant=acme, report=daily_calls, status="completed", now=now)
    make_file(job=job)
    return job
