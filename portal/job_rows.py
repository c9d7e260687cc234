"""What every drawing of a job needs beside its own row."""

from __future__ import annotations

from django.db.models import Prefetch

from reports.models import Account
from reports.models.jobs import SnapshotJobQuerySet
from tenants.models import User


def for_pages(jobs: SnapshotJobQuerySet) -> SnapshotJobQuerySet:
    """With report, starter and whether QuickSight answers. Inside a tenant only these columns of people and accounts can be read.

    Prefetched, not joined: a sorted join of two tables under row-level security misleads the planner.
    """
    people = Prefetch("requested_by", User.objects.only("email", "name"))
    accounts = Prefetch("account", Account.objects.only("unanswered_since", "refused_since"))
    return jobs.prefetch_related("report", people, accounts)
