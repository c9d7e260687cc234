from __future__ import annotations

from datetime import timedelta

import pytest
from django.http import QueryDict

from portal.paging import page_of
from reports.models import SnapshotJob
from tenants.scope import tenant_scope
from tests.factories import make_job

pytestmark = pytest.mark.django_db


@pytest.fixture
def jobs(acme, daily_calls, now):
    """Seven, newest first; the last three were made at the same instant."""
    ages = [0, 1, 2, 3, 4, 4, 4]
    made = [make_job(tenant=acme, report=daily_calls, now=now - timedelta(seconds=age)) for age in ages]
    return sorted(made, key=lambda job: (job.created_at, job.pk), reverse=True)


def walk(acme, query):
    with tenant_scope(acme):
        return page_of(SnapshotJob.objects.for_tenant(acme), QueryDict(query), size=3)


def test_older_pages_follow_without_a_gap_or_a_repeat(acme, jobs):
    seen, page = [], walk(acme, "status=queued")
    while True:
        seen += page.rows
        if not page.older:
            break
        page = walk(acme, page.older)

    assert seen == jobs
    assert page.newer.startswith("status=queued&after=")


def test_going_back_shows_the_page_one_came_from(acme, jobs):
    second = walk(acme, walk(acme, "").older)

    first = walk(acme, second.newer)

    assert first.rows == jobs[:3]
    assert first.newer == ""
    assert first.older


def test_a_row_that_comes_in_meanwhile_shifts_nothing(acme, daily_calls, jobs, now):
    first = walk(acme, "")
    make_job(tenant=acme, report=daily_calls, now=now + timedelta(seconds=1))

    assert walk(acme, first.older).rows == jobs[3:6]


def test_a_list_that_fits_on_a_page_has_no_others(acme, daily_calls, now):
    make_job(tenant=acme, report=daily_calls, now=now)

    page = walk(acme, "")

    assert (len(page.rows), page.older, page.newer) == (1, "", "")
