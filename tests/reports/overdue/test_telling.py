"""What is overdue is told once by each way and over once, whoever looks how often; and without a database too."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone

from reports import tasks
from reports.alarms import sign_of_life
from reports.alarms.telling import Teller
from reports.alerts import alert
from reports.models import Alarm, Installation
from reports.overdue import comparing, looking, watching
from reports.restoring import mode
from tests.reports.alarms.test_telling import let_pass

pytestmark = pytest.mark.django_db(transaction=True)


def look() -> list[str]:
    """One, as cron has it: until all is told."""
    causes, tellers = watching.watch()
    for thread in tellers:
        thread.join()
    return [cause.code for cause in causes]


def told(receiver) -> list[tuple[str, str, str]]:
    return [(body["type"], body["code"], body["subject"]) for body in receiver.told]


def test_a_worker_that_is_gone_is_told_once_by_both_ways_and_so_is_its_return(receiver, mail, ines, omar):
    first, second = look(), look()

    gone = [("alarm.raised", "worker_silent", "portal"), ("alarm.raised", "worker_silent", "work")]
    assert first == second == ["worker_silent", "worker_silent"]
    assert sorted(told(receiver)) == gone
    assert sorted(sent.recipients for sent in mail.mails) == [(ines.email,)] * 2 + [(omar.email,)] * 2

    for cluster in tasks.CLUSTERS:
        tasks.beat(cluster)
    third, fourth = look(), look()

    assert third == fourth == []
    assert sorted(told(receiver))[:2] == [("alarm.ended", "worker_silent", cluster) for cluster in ("portal", "work")]
    assert (len(receiver.told), len(mail.mails)) == (4, 8)


def test_where_nothing_is_missing_nobody_is_told(receiver, mail, ines, worker):
    assert look() == []
    assert (receiver.told, mail.mails) == ([], [])
    assert Alarm.objects.count() == 0


def test_two_who_look_at_once_tell_once(receiver, mail, ines):
    both = [threading.Thread(target=look_apart) for _ in range(4)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    look()

    assert sorted(told(receiver)) == [("alarm.raised", "worker_silent", cluster) for cluster in ("portal", "work")]
    assert len(mail.mails) == 2


def look_apart() -> None:
    """As another process would, which has threads of its own."""
    try:
        comparing.compare(looking.look())
        for thread in comparing.tell():
            thread.join()
    finally:
        connection.close()


def test_a_worker_that_comes_back_does_not_tell_it_again(receiver, worker):
    looking_found = looking.Look([looking.Cause("worker_silent", "work", "The worker is gone.")], frozenset({"worker_silent"}))
    comparing.compare(looking_found)
    for thread in comparing.tell():
        thread.join()
    Teller().turn()
    look()
    Teller().turn()
    look()

    assert told(receiver) == [("alarm.raised", "worker_silent", "work"), ("alarm.ended", "worker_silent", "work")]


def test_a_webhook_that_is_down_is_tried_again_and_hides_nothing_from_mail(receiver, mail, ines):
    receiver.answers(503)
    look()
    assert (receiver.told, len(mail.mails)) == ([], 2)

    receiver.answers(204)
    let_pass(minutes=10)
    look()

    assert len(receiver.told) == 2
    assert len(mail.mails) == 2


def test_where_nobody_can_be_told_from_here_the_alarm_waits_for_the_worker(settings):
    look()

    assert set(Alarm.objects.values_list("handed", flat=True)) == {""}


def test_alarms_of_others_are_left_to_the_worker(receiver, worker):
    alert("job_given_up", "A job was given up.")
    look()

    assert receiver.told == []


def test_what_cannot_be_looked_for_is_not_called_over(receiver, worker):
    pump = looking.Cause("pump_silent", "main", "Nobody works on the jobs of account main.")
    comparing.compare(looking.Look([pump], frozenset({"worker_silent", "pump_silent"})))
    silent = looking.Cause("worker_silent", "portal", "The worker is gone.")

    comparing.compare(looking.Look([silent], frozenset({"worker_silent"})))

    assert sorted(Alarm.objects.filter(ended_at=None).values_list("code", flat=True)) == ["pump_silent", "worker_silent"]


def test_restored_mode_is_told_once_where_no_worker_does(receiver, worker):
    mode.begin(Installation.Because.DECLARED, backup_at=timezone.now())

    assert look() == look() == ["database_restored"]
    assert told(receiver) == [("alarm.raised", "database_restored", "")]


class TestWithoutADatabase:
    @pytest.fixture
    def away(self, monkeypatch):
        """`away(True)`: it does not answer."""

        def be_away(is_away: bool) -> None:
            def refuse() -> None:
                raise OperationalError("connection refused")

            monkeypatch.setattr(watching, "look", refuse if is_away else looking.look)

        return be_away

    def let_pass(self, settings, seconds: float) -> None:
        path = settings.STATE_DIR / "overdue.json"
        state = json.loads(path.read_text())
        state["since"] = (timezone.datetime.fromisoformat(state["since"]) - timedelta(seconds=seconds)).isoformat()
        path.write_text(json.dumps(state))

    def test_it_is_told_by_both_ways_once_it_lasts_and_over_once_it_answers(self, away, settings, receiver, mail, ines, worker):
        look()
        away(True)
        assert look() == ["database_silent"]
        assert receiver.told == []  # A restart takes as long.

        self.let_pass(settings, 100)
        assert look() == look() == ["database_silent"]
        assert told(receiver) == [("alarm.raised", "database_silent", "")]
        assert [sent.recipients for sent in mail.mails] == [(ines.email,)]

        away(False)
        assert look() == look() == []
        assert told(receiver)[1:] == [("alarm.ended", "database_silent", "")]
        assert len(mail.mails) == 2

    def test_a_webhook_that_is_down_is_tried_again_with_the_next_look(self, away, settings, receiver, worker):
        away(True)
        look()
        self.let_pass(settings, 100)
        receiver.answers(500)
        look()
        receiver.answers(204)
        look()
        look()

        assert told(receiver) == [("alarm.raised", "database_silent", "")]

    def test_what_nobody_was_told_of_is_not_told_to_be_over(self, away, receiver, worker):
        away(True)
        look()
        away(False)
        look()

        assert receiver.told == []

    def test_its_file_is_ours_alone_to_read_and_a_broken_one_stops_nothing(self, away, settings, receiver, worker):
        path = settings.STATE_DIR / "overdue.json"
        path.write_text('{"since": ')
        look()
        away(True)

        assert look() == ["database_silent"]
        path.unlink()
        look()
        assert path.stat().st_mode & 0o777 == 0o600


def test_the_command_ends_with_1_where_something_is_overdue_and_prints_what(capsys):
    with pytest.raises(CommandError, match="All 2 last"):
        call_command("overdue")

    printed = capsys.readouterr()
    assert printed.out.startswith("worker_silent portal: The worker's queue portal was never seen")
    assert "Nobody is told: neither" in printed.err


def test_the_command_ends_with_0_where_nothing_is(capsys, worker):
    call_command("overdue")

    assert capsys.readouterr().out == "Nothing is overdue.\n"


class TestASignOfLife:
    @pytest.fixture
    def url(self, receiver, settings) -> str:
        settings.PORTAL_HEARTBEAT_URL = receiver.url
        return receiver.url

    def test_is_given_while_both_queues_beat(self, url, receiver, worker):
        sign_of_life.give(tasks.CLUSTERS)

        assert receiver.requests == 1

    def test_is_not_given_when_one_of_them_does_not(self, url, receiver):
        tasks.beat(tasks.WORK)

        sign_of_life.give(tasks.CLUSTERS)

        assert receiver.requests == 0

    def test_that_nobody_takes_is_said_once_and_never_with_its_address(self, url, receiver, worker, caplog):
        receiver.answers(500)
        for _ in range(3):
            sign_of_life.give(tasks.CLUSTERS)
        receiver.answers(204)
        for _ in range(2):
            sign_of_life.give(tasks.CLUSTERS)

        lines = [record.getMessage() for record in caplog.records if record.name == "reports.alarms.sign_of_life"]
        assert lines == [
            "PORTAL_HEARTBEAT_URL does not take the sign of life: HTTP 500",
            "PORTAL_HEARTBEAT_URL takes the sign of life again",
        ]
        assert receiver.requests == 5

    def test_is_given_each_minute_by_the_task_of_the_second_queue(self, url, receiver, worker):
        tasks.watch_work()

        assert receiver.requests == 1


def test_a_database_that_takes_what_is_sent_and_says_nothing_counts_as_away(monkeypatch, receiver, worker):
    heal = threading.Event()

    def hang() -> looking.Look:
        heal.wait()
        return looking.look()

    monkeypatch.setattr(watching, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(watching, "look", hang)
    assert look() == look() == ["database_silent"]
    assert len(watching._asking) == 1  # No second one was begun beside it.

    monkeypatch.setattr(watching, "ANSWER_SECONDS", 60)
    heal.set()
    watching._asking[0].join()
    assert look() == []
