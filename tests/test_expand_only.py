"""Migrations since the previous release only add: its processes work on while they run, and after them. docs/operations.md, "Upgrading"."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from tests.previous_release import previous_release

__all__ = ["previous_release"]
pytestmark = pytest.mark.django_db
APPS = ("tenants", "reports")
# What the release before could not live with, as SQL. Django's default for rows that are there is dropped again: then its inserts fail.
TAKES_AWAY = {
    r"\bdrop column\b": "the release before still names the column",
    r"\bdrop table\b": "the release before still reads the table",
    r"\brename (?!constraint)": "the release before knows the old name",
    r"\bset not null\b": "the release before leaves it empty",
    r"\bdrop default\b": "the release before inserts without a value: give it a db_default",
    r"\balter column \S+ type\b": "the release before writes the older type, and the table is locked while it is rewritten",
    r"\badd column (?!.*\bdefault\b)(?!.*\bgenerated\b).*\bnot null\b": "the release before inserts without it: NULL, or a db_default",
    r"\brevoke\b": "the release before still does what it was granted",
}
# By migration, why the release before does not mind. Empty it when `.ci/previous-release` moves on.
ALL_THE_SAME: dict[str, str] = {}


def faults(sql: str) -> list[str]:
    """Of one statement. Comments are no SQL."""
    flat = " ".join(line for line in sql.lower().splitlines() if not line.strip().startswith("--"))
    return [why for pattern, why in TAKES_AWAY.items() if re.search(pattern, flat)]


@pytest.mark.parametrize(
    ("sql", "is_refused"),
    [
        ('ALTER TABLE "a" DROP COLUMN "b" CASCADE;', True),
        ('DROP TABLE "a" CASCADE;', True),
        ('ALTER TABLE "a" RENAME COLUMN "b" TO "c";', True),
        ('ALTER TABLE "a" RENAME TO "c";', True),
        ('ALTER TABLE "a" ALTER COLUMN "b" SET NOT NULL;', True),
        ('ALTER TABLE "a" ALTER COLUMN "b" TYPE bigint USING "b"::bigint;', True),
        ('ALTER TABLE "a" ADD COLUMN "b" integer NOT NULL;', True),
        ('ALTER TABLE "a" ALTER COLUMN "b" DROP DEFAULT;', True),
        ("revoke select on a from portal_app", True),
        ('ALTER TABLE "a" ADD COLUMN "b" integer NULL;', False),
        ('ALTER TABLE "a" ADD COLUMN "b" text DEFAULT \'\' NOT NULL;', False),
        ('ALTER TABLE "a" ADD COLUMN "b" bigint GENERATED ALWAYS AS (1) STORED NOT NULL;', False),
        ('CREATE TABLE "a" ("b" integer NOT NULL);', False),
        ("-- drop column is what the next release does\ngrant select on a to portal_app", False),
    ],
)
def test_what_takes_away_is_known_by_its_sql(sql, is_refused):
    assert bool(faults(sql)) == is_refused


def test_migrations_since_the_release_before_only_add(previous_release: Path):
    loader = MigrationLoader(connection)
    new = {
        f"{app}.{name}": loader.collect_sql([(migration, False)])
        for (app, name), migration in loader.disk_migrations.items()
        if app in APPS and not (previous_release / app / "migrations" / f"{name}.py").exists()
    }

    found = {
        name: [(why, sql) for sql in statements for why in faults(sql)] for name, statements in new.items() if name not in ALL_THE_SAME
    }

    assert {name: listed for name, listed in found.items() if listed} == {}
