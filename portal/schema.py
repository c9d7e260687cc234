"""Whether the database has what this release asks for. A release runs with its own schema and with the next one's, never with an older."""

from __future__ import annotations

from functools import cache

from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


def missing_migrations() -> set[tuple[str, str]]:
    """By app and name."""
    return set(_on_disk() - set(MigrationRecorder(connection).applied_migrations()))


def refuse_older_schema() -> None:
    """For a process that starts to serve or to work: it would fail at every row whose columns are not there yet."""
    if missing := sorted(missing_migrations()):
        raise ImproperlyConfigured(
            f"The database is older than this release: {len(missing)} of its migrations not applied, the first is {'.'.join(missing[0])}. "
            "Run `manage.py migrate` of this release with DATABASE_OWNER_URL, then start this again. The release before works on meanwhile."
        )


@cache
def _on_disk() -> frozenset[tuple[str, str]]:
    """By app and name. Files do not change under a running process."""
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)
