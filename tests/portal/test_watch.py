"""Whether a cluster still works, by what is seen of its processes and what they say they do."""

from __future__ import annotations

import os

import pytest

from portal import watch
from portal.census import Counted
from portal.proc import STOPPED, ZOMBIE, family
from portal.watch import Watch

MAIN, IDLE, BUSY = 1, 2, 3
ALIVE = {MAIN: "S", IDLE: "S", BUSY: "S"}
DOING = {MAIN: "", IDLE: "", BUSY: "pump 1"}
TOOK = {BUSY: "pump 1"}


def counted(doing=DOING, taken=TOOK) -> Counted:
    return Counted(doing, taken, set())


@pytest.fixture
def watching(monkeypatch) -> Watch:
    """All waits are over at once."""
    for name in ("STOPPED_SECONDS", "UNMISSED_SECONDS", "UNTAKEN_SECONDS", "UNBEGUN_SECONDS"):
        monkeypatch.setattr(watch, name, 0.0)
    watching = Watch(workers=2)
    watching.look(ALIVE)
    return watching


def test_nothing_is_wrong_while_all_live_and_no_message_waits(watching):
    assert watching.fault(watching.look(ALIVE), counted(), waits=False) == ""
    assert watching.frozen() == []


@pytest.mark.parametrize("seen", [{MAIN: "S", BUSY: "S"}, {**ALIVE, IDLE: ZOMBIE}], ids=["gone", "not missed yet"])
def test_one_that_died_without_a_task_may_have_taken_a_lock_along(watching, seen):
    assert watching.fault(watching.look(seen), counted(), waits=False) == f"process {IDLE} died while it had no task in hand"


def test_one_that_died_in_the_middle_of_a_task_is_replaced_by_its_cluster(watching):
    assert watching.fault(watching.look({MAIN: "S", IDLE: "S"}), counted(), waits=False) == ""


def test_a_cluster_that_misses_none_of_its_dead_is_at_fault(watching):
    watching.look({**ALIVE, BUSY: ZOMBIE})

    assert watching.fault(watching.look({**ALIVE, BUSY: ZOMBIE}), counted(), waits=False) == "nobody misses its dead processes"


def faults(watching, looks: list[Counted]) -> list[str]:
    return [watching.fault(watching.look(ALIVE), look, waits=True) for look in looks]


def test_messages_that_nobody_takes_although_somebody_is_idle_are_a_fault(watching):
    assert faults(watching, [counted()] * 3) == ["", "", "messages wait, and its workers take none"]


def test_messages_that_are_taken_one_after_the_other_are_none(watching):
    """A backlog of short tasks: at each look somebody is idle and something waits, and another one was taken."""
    assert faults(watching, [counted(taken={IDLE: ("", number)}) for number in range(5)]) == [""] * 5


def test_a_cluster_that_has_not_taken_a_task_yet_has_longer(watching, monkeypatch):
    monkeypatch.setattr(watch, "UNBEGUN_SECONDS", 60.0)

    assert faults(watching, [counted(taken={})] * 4) == [""] * 4


@pytest.mark.parametrize("busy", ["all", "doubt"])
def test_messages_that_wait_behind_work_or_an_outage_are_none(watching, busy):
    doing = {IDLE: "watch", BUSY: "pump 1"} if busy == "all" else DOING
    watching.fault(watching.look(ALIVE), counted(doing), waits=True)
    watching.doubt()

    assert watching.fault(watching.look(ALIVE), counted(doing), waits=True) == ""


def test_a_process_that_stays_stopped_is_frozen(watching):
    watching.look({**ALIVE, BUSY: STOPPED})
    watching.look({**ALIVE, BUSY: STOPPED})

    assert watching.frozen() == [BUSY]


def test_proc_tells_of_a_process_and_its_children():
    assert family(os.getppid())[os.getpid()] in ("R", "S")
