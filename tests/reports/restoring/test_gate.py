"""Whether a worker may work: a database that was put back to an earlier time is known before it does anything."""

from __future__ import annotations

import json
import os
import threading

import pytest
from django.db import connection
from django.utils import timezone

from reports.engine import pump
from reports.models import Installation
from reports.restoring import gate, mark, mode
from tenants.scope import engine_scope
from tests.pretend_aws import BUCKET
from tests.reports.restoring import steps

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _started(aws, restart):
    """Another process than the one of the test before."""


@pytest.fixture
def silent_s3(monkeypatch, new_clients):
    """Nobody listens there."""
    monkeypatch.setitem(os.environ, "AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")


def test_a_new_installation_works_and_leaves_its_mark(aws):
    opened = gate.is_open()
    mark.make()

    assert opened is True
    assert mark.read(mode.installation()).generation == mode.installation().generation == 1


def test_a_database_behind_its_mark_is_held_and_on_record(restart):
    for _ in range(3):
        mark.make()
    known_until = mode.installation().marked_at
    steps.put_back(marks=2)
    restart()

    opened = [gate.is_open(), gate.is_open()]

    assert opened == [False, False]
    assert mode.state().backup_at == known_until
    assert [row["because"] for row in steps.audited("restore.found")] == ["behind"]


def test_no_mark_is_made_while_it_is_held():
    mark.make()
    mark.make()
    steps.put_back()
    gate.is_open()

    mark.make()

    assert mark.read(mode.installation()).generation == 2


def test_nobody_pumps_while_it_is_held(account):
    steps.declare(timezone.now() - steps.HOUR)

    assert pump.pump(account.pk, window=0) == "held"


def test_a_process_notices_that_the_database_was_put_back_under_its_hands():
    mark.make()
    mark.make()
    before = gate.is_open()

    steps.put_back()

    assert (before, gate.is_open()) == (True, False)


def test_another_bucket_is_no_restore(settings, restart):
    mark.make()
    steps.put_back()
    settings.PORTAL_BUCKET = "a-new-bucket"

    assert gate.is_open() is True


def test_an_installation_beside_it_in_the_same_bucket_is_none_of_its_business(aws):
    other = f"_fanfold/{'0' * 8}-0000-4000-8000-{'0' * 12}/mark.json"
    aws.client("s3").put_object(Bucket=BUCKET, Key=other, Body=json.dumps({"generation": 99, "at": "2026-01-01T00:00:00+00:00"}))

    assert gate.is_open() is True


def test_a_mark_from_a_clock_that_ran_ahead_says_nothing(aws, restart):
    mark.make()
    row = mode.installation()
    late = {"generation": row.generation, "at": "2099-01-01T00:00:00+00:00"}
    aws.client("s3").put_object(Bucket=BUCKET, Key=mark.key_of(row), Body=json.dumps(late))

    assert gate.is_open() is True


def test_s3_that_is_silent_stops_no_worker_on_the_server_it_knows(restart, request):
    mark.make()
    request.getfixturevalue("silent_s3")
    restart()

    assert gate.is_open() is True


def test_a_worker_on_another_server_waits_for_s3(restart, request):
    mark.make()
    with engine_scope():
        Installation.objects.update(server="another/1/5")
    request.getfixturevalue("silent_s3")
    restart()

    assert gate.is_open() is False
    assert mode.state() is None


def test_a_failover_that_lost_nothing_goes_on(restart):
    mark.make()
    with engine_scope():
        Installation.objects.update(server="another/1/5")
    restart()

    assert gate.is_open() is True


def test_a_failover_that_lost_the_last_second_is_held(acme, daily_calls, restart):
    mark.make()
    with engine_scope():
        Installation.objects.update(server="another/1/5")
    steps.log(acme.pk, "kim@acme.example")
    restart()

    assert gate.is_open() is False
    assert mode.state().because == Installation.Because.UNKNOWN_MAILS.label


@pytest.mark.django_db(transaction=True)
def test_hosts_that_count_at_once_find_nothing_behind(account):
    def count() -> None:
        for _ in range(10):
            mark.make()
            opened.append(mark.compare())
        connection.close()

    opened: list[bool] = []
    hosts = [threading.Thread(target=count) for _ in range(4)]
    for host in hosts:
        host.start()
    for host in hosts:
        host.join()

    assert opened == [True] * 40
    assert mode.installation().generation == 40
