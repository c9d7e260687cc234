"""Whether the database is a restored backup, and whether one would be noticed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from reports.models import Installation
from reports.restoring import mark, mode
from tenants.scope import engine_scope

pytestmark = pytest.mark.django_db


def change(**fields):
    mode.installation()
    with engine_scope():
        Installation.objects.update(**fields)


def test_a_database_that_goes_on_is_no_fault(ask):
    assert ask("restored") == ["OK restored: no, this database goes on from where it was."]


def test_a_backup_is_a_fault_with_the_way_out(ask):
    mode.begin(Installation.Because.DECLARED, backup_at=timezone.now())

    (line,) = ask("restored")

    assert line.startswith("FAIL restored: this database is a backup of about")
    assert "manage.py restored --resume" in line


def test_a_mark_that_was_made_is_told(aws, ask):
    mark.make()

    (line,) = ask("send-log")

    assert line.startswith("OK send-log: the mark is of")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "WARN send-log: no mark was written yet"),
        ({"marked_at": timezone.now() - timedelta(hours=1)}, "FAIL send-log: the mark is of"),
        ({"marked_at": timezone.now(), "unlogged_since": timezone.now()}, "FAIL send-log: mail leaves, and what left was not written"),
    ],
    ids=["never", "late", "unlogged"],
)
def test_a_restore_that_would_not_be_noticed_is_a_fault(fields, words, aws, ask):
    change(**fields)

    (line,) = ask("send-log")

    assert line.startswith(words)
