"""Work that stands by: one at a time, turn after turn, until it is told to stop."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from reports import standing, tasks
from reports.engine.process import STOP_FILE
from reports.models import Process

NUMBER = 9001
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_stand_ends_with_its_window_after_turns_without_work():
    turns = []

    ended = standing.stand("sweeper", NUMBER, lambda: bool(turns.append(1)), window=0.5)

    assert ended == "window"
    assert turns
    row = Process.objects.get()
    assert (row.doing, row.worked_at is None) == ("", False)


def test_a_second_stand_is_let_in_by_nobody_while_the_first_one_is_there():
    inside, leave = threading.Event(), threading.Event()

    def turn() -> bool:
        inside.set()
        leave.wait(10)
        return False

    def first() -> None:
        standing.stand("sweeper", NUMBER, turn, window=0.1)
        connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(10)
    second = standing.stand("sweeper", NUMBER, turn, window=0.1)
    leave.set()
    thread.join()

    assert second == "busy"


def test_a_stand_hands_over_when_its_worker_stops(tmp_path, monkeypatch):
    stop_file = tmp_path / "worker.stop"
    monkeypatch.setenv(STOP_FILE, str(stop_file))

    ended = standing.stand("sweeper", NUMBER, lambda: bool(stop_file.touch()), window=10)

    assert ended == "stop"


def test_what_nobody_does_is_found_dead_and_what_signed_off_too():
    assert standing.dead(list(tasks.STANDS)) == sorted(tasks.STANDS)

    standing.stand("courier", NUMBER, lambda: False, window=0.1)

    assert standing.dead(["courier"]) == ["courier"]


def test_a_beat_of_a_moment_ago_counts_as_alive():
    found = []

    standing.stand("courier", NUMBER, lambda: bool(found.append(standing.dead(["courier"]))), window=0.1)

    assert found[0] == []
