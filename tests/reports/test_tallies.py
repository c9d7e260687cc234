"""Counting over processes and restarts: what is told is what was committed, once."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.db import connection, transaction

from reports import measures, tallies
from reports.models import Tally
from tests.pretend_aws import ROOT

pytestmark = pytest.mark.django_db(transaction=True)
PROCESSES, ROUNDS = 4, 60
# Each counts the same in an order of its own, as processes do.
COUNTING = """
import random, sys
import django
django.setup()
from reports import measures, tallies
for _ in range(int(sys.argv[1])):
    outcomes = [f"outcome-{number}" for number in range(20)]
    random.shuffle(outcomes)
    for outcome in outcomes:
        tallies.count(measures.ATTEMPTS, account=1, outcome=outcome)
    tallies.observe(measures.LATE, 90, status="delivered")
    tallies.flush()
"""


@pytest.fixture(autouse=True)
def nothing_counted():
    tallies.forget()
    yield
    tallies.forget()


def attempt(outcome: str = "completed") -> None:
    tallies.count(measures.ATTEMPTS, account=1, outcome=outcome)


def written() -> dict[str, float]:
    """Of attempts, by outcome."""
    return {row.labels["outcome"]: row.value for row in Tally.objects.filter(name=measures.ATTEMPTS.name)}


def test_what_was_counted_is_added_to_what_is_there():
    attempt()
    attempt("report_failed")
    tallies.flush()
    attempt()
    tallies.flush()

    assert written() == {"completed": 2, "report_failed": 1}


def test_nothing_new_writes_nothing():
    attempt()
    tallies.flush()
    tallies.flush()

    assert written() == {"completed": 1}


def test_what_was_rolled_back_never_happened():
    with transaction.atomic():
        attempt("rolled back")
        transaction.set_rollback(True)
    with transaction.atomic():
        attempt("committed")

    tallies.flush()

    assert written() == {"committed": 1}


def test_it_is_never_written_inside_somebodys_transaction(django_assert_num_queries):
    attempt()
    with transaction.atomic(), django_assert_num_queries(0):
        tallies.flush()

    tallies.flush()

    assert written() == {"completed": 1}


def test_turns_without_news_cost_no_statement_and_turns_with_news_one(django_assert_num_queries, monkeypatch):
    monkeypatch.setattr(tallies, "_flush_at", 0.0)
    connection.ensure_connection()
    with django_assert_num_queries(0):
        tallies.flush_if_due()
    for _ in range(50):
        attempt()
        attempt("report_failed")
    with django_assert_num_queries(1):
        for _ in range(50):
            tallies.flush_if_due()
            attempt()


def test_a_database_that_is_away_keeps_nobody_from_working_and_loses_nothing(monkeypatch):
    attempt()
    with monkeypatch.context() as patch:
        connection.close()
        for name, value in {"HOST": "127.0.0.1", "PORT": "1"}.items():
            patch.setitem(connection.settings_dict, name, value)
        tallies.flush()
        connection.close()
    attempt()

    tallies.flush()

    assert written() == {"completed": 2}


def test_a_forked_process_does_not_write_what_its_parent_counted():
    attempt()
    if (child := os.fork()) == 0:
        os._exit(len(tallies._counts))
    _pid, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert len(tallies._counts) == 1


def test_processes_that_write_at_once_lose_nothing_and_wait_for_nobody_for_ever(database_env):
    environment = database_env | {"DJANGO_SETTINGS_MODULE": "portal.settings"}
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c"]
    code = f"import sys; sys.argv = ['', '{ROUNDS}']\n{COUNTING}"

    running = [subprocess.Popen([*command, code], cwd=ROOT, env=environment, stderr=subprocess.PIPE) for _ in range(PROCESSES)]
    ended = [(process.communicate()[1].decode(), process.returncode) for process in running]

    assert [code for _said, code in ended] == [0] * PROCESSES, ended
    assert "could not be written" not in "".join(said for said, _code in ended)
    assert written() == {f"outcome-{number}": PROCESSES * ROUNDS for number in range(20)}
    assert Tally.objects.get(name="occurrence_lateness_seconds_sum").value == 90 * PROCESSES * ROUNDS


def test_a_histogram_counts_each_in_the_bucket_that_it_fits():
    for seconds in (-3, 59, 60, 61, 10**6):
        tallies.observe(measures.LATE, seconds, status="delivered")
    tallies.flush()

    buckets = {row.labels["le"]: row.value for row in Tally.objects.filter(name="occurrence_lateness_seconds_bucket")}
    assert buckets == {"60.0": 3, "120.0": 1, "+Inf": 1}
    assert Tally.objects.get(name="occurrence_lateness_seconds_sum").value == 0 + 59 + 60 + 61 + 10**6


@pytest.mark.parametrize("labels", [{"account": 1}, {"account": 1, "outcome": "ok", "tenant": "acme"}, {}])
def test_labels_that_are_not_declared_are_refused(labels):
    with pytest.raises(ValueError, match="attempts_ended has the labels account, outcome"):
        tallies.count(measures.ATTEMPTS, **labels)


def test_no_label_can_be_long():
    attempt("x" * 500)
    tallies.flush()

    (outcome,) = written()
    assert len(outcome) == tallies.LONGEST_VALUE
