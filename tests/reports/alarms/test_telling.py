"""Alarms reach people by a webhook and by mail, each whatever becomes of the other, once when they begin and once when they are over."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from reports.alarms import telling
from reports.alarms.telling import Teller
from reports.alerts import EVENT_LASTS, alert, settle
from reports.models import Alarm, AlarmMessage
from tenants.scope import engine_scope, tenant_scope
from tests.reports.engine.worker import wait_for
from tests.webhook import PATH

pytestmark = pytest.mark.django_db(transaction=True)
SENTENCE = "Account main is paused: AWS refuses the portal there (ExpiredToken). Put its credentials right."


def turn() -> None:
    """One turn of the stand; what it began is waited for where it can end."""
    Teller().turn()


def turns_until(condition, what: str) -> None:
    def look() -> bool:
        turn()
        return bool(condition())

    wait_for(look, 40, what)


def alarms() -> list[Alarm]:
    with engine_scope():
        return list(Alarm.objects.order_by("id"))


def let_pass(**duration: float) -> None:
    """As if so much time had gone by for all alarms and messages."""
    back = timedelta(**duration)
    with engine_scope():
        AlarmMessage.objects.update(next_try_at=F("next_try_at") - back)
        Alarm.objects.update(**{name: F(name) - back for name in ("raised_at", "last_at", "forget_at", "ended_at")})


def subjects(mail) -> list[str]:
    return [str(sent.message["Subject"]) for sent in mail.mails]


def test_an_alarm_is_told_by_both_ways_and_so_is_its_end(receiver, mail, ines, omar, alice):
    alert("account_refused", SENTENCE, "main")
    turns_until(lambda: receiver.told and len(mail.mails) == 2, "both were told")
    settle("account_refused", "main")
    turns_until(lambda: len(receiver.told) == 2 and len(mail.mails) == 4, "both were told of the end")

    begun, over = receiver.told
    assert {name: begun[name] for name in ("type", "code", "subject", "text", "count")} == {
        "type": "alarm.raised",
        "code": "account_refused",
        "subject": "main",
        "text": SENTENCE,
        "count": 1,
    }
    assert (over["type"], over["text"]) == (
        "alarm.ended",
        "Over: Account main is paused: AWS refuses the portal there (ExpiredToken).",
    )
    assert begun["at"] < over["at"]
    assert sorted(sent.recipients for sent in mail.mails) == [(ines.email,)] * 2 + [(omar.email,)] * 2
    assert len({sent.message_id for sent in mail.mails}) == 4
    assert {subject.partition(":")[0] for subject in subjects(mail)} == {"Alarm", "Over"}


def test_what_is_raised_again_while_it_lasts_counts_up_and_is_told_once(receiver):
    for _ in range(200):
        alert("account_refused", SENTENCE, "main")
    alert("account_refused", SENTENCE, "other")
    turns_until(lambda: len(receiver.told) == 2, "two were told")
    alert("account_refused", SENTENCE, "main")
    turn()

    assert [(alarm.subject, alarm.count) for alarm in alarms()] == [("main", 201), ("other", 1)]
    assert sorted(body["subject"] for body in receiver.told) == ["main", "other"]


def test_after_its_end_the_same_is_news_again(receiver):
    alert("account_refused", SENTENCE, "main")
    settle("account_refused", "main")
    settle("account_refused", "main")
    alert("account_refused", SENTENCE, "main")

    turns_until(lambda: len(receiver.told) == 3, "begun, over, begun")

    assert sorted(body["type"] for body in receiver.told) == ["alarm.ended", "alarm.raised", "alarm.raised"]


def test_a_dead_mail_server_does_not_hide_an_alarm(receiver, mail, ines):
    mail.refuse()

    alert("mail_refused", "No mail is sent.", "reports@mail.example")

    turns_until(lambda: receiver.told, "the webhook was told")
    mail.listen()
    let_pass(minutes=10)
    turns_until(lambda: mail.mails, "and the mail came later")
    assert len(receiver.told) == 1


def test_a_mail_server_that_hangs_keeps_no_alarm_from_the_webhook(receiver, mail, ines):
    mail.hang("connect")
    alert("account_refused", SENTENCE, "main")
    turns_until(lambda: mail.hanging, "the mail hangs")

    alert("account_refused", SENTENCE, "other")
    turns_until(lambda: len(receiver.told) == 2, "the webhook was told of both")

    assert mail.mails == []


def test_a_dead_webhook_does_not_hide_an_alarm(receiver, mail, ines):
    receiver.refuse()

    alert("account_refused", SENTENCE, "main")

    turns_until(lambda: mail.mails, "the mail came")
    receiver.listen()
    let_pass(minutes=10)
    turns_until(lambda: receiver.told, "the webhook was told later")
    assert len(mail.mails) == 1


@pytest.mark.parametrize("status", [500, 302, 404])
def test_a_webhook_that_does_not_take_it_is_asked_again_at_growing_intervals(status, receiver):
    receiver.answers(status)
    alert("account_refused", SENTENCE, "main")
    waits = []
    for tries in (1, 2, 3):
        turns_until(lambda tries=tries: receiver.requests == tries and not _busy(), "it was asked")
        with engine_scope():
            waits.append((AlarmMessage.objects.get().next_try_at - timezone.now()).total_seconds())
        let_pass(minutes=10)
    receiver.answers(204)

    turns_until(lambda: receiver.told, "it took it in the end")

    assert [body["type"] for body in receiver.told] == ["alarm.raised"]
    assert waits == sorted(waits)


def test_a_webhook_that_hangs_is_given_up_after_its_time_out_and_asked_again(receiver, mail, ines):
    receiver.hang()
    alert("account_refused", SENTENCE, "main")

    turns_until(lambda: mail.mails, "the mail came meanwhile")
    turns_until(lambda: receiver.requests and not _busy(), "the time-out passed")
    receiver.heal()
    let_pass(minutes=10)
    turns_until(lambda: receiver.requests == 2 and not _busy(), "it was asked again")

    with engine_scope():
        assert AlarmMessage.objects.get(way="webhook").told == "raised"


def test_what_nobody_took_for_a_day_is_given_up(receiver):
    receiver.answers(500)
    alert("account_refused", SENTENCE, "main")
    turns_until(lambda: receiver.requests == 1 and not _busy(), "it was asked")

    let_pass(hours=25)
    turns_until(lambda: receiver.requests == 2 and not _busy(), "it was asked a last time")

    with engine_scope():
        message = AlarmMessage.objects.get()
    assert (message.told, message.next_try_at, message.answer) == ("", None, "HTTP 500")


def test_the_address_of_the_webhook_is_in_no_line_of_the_log(receiver, json_log):
    logging.getLogger().setLevel(logging.DEBUG)
    receiver.answers(500)
    alert("account_refused", SENTENCE, "main")
    turns_until(lambda: receiver.requests == 1 and not _busy(), "it was refused")
    receiver.refuse()
    let_pass(minutes=10)
    turns_until(lambda: _tries() == 2 and not _busy(), "nobody listened")
    receiver.listen()

    written = str(json_log())

    assert "was not told by webhook" in written
    assert PATH not in written
    assert PATH.rsplit("/", 1)[-1] not in written


def test_an_alarm_outlives_the_transaction_that_raised_it(acme):
    with tenant_scope(acme):
        alert("schedule_paused", "Schedules were paused.", lasts=EVENT_LASTS)
        transaction.set_rollback(True)

    assert [alarm.code for alarm in alarms()] == ["schedule_paused"]


def test_an_alarm_is_raised_in_any_scope_and_breaks_none(acme):
    with tenant_scope(acme):
        alert("one", "In a tenant.")
    with engine_scope():
        alert("two", "In the engine.")
    with transaction.atomic():
        alert("three", "In no scope.")
        settle("three")
    alert("four", "\0 is no text that a database keeps.")

    assert [alarm.code for alarm in alarms()] == ["one", "two", "three"]


def test_an_event_is_forgotten_without_a_word_and_is_news_again_then(receiver):
    alert("job_given_up", "A job was given up.", "main", lasts=EVENT_LASTS)
    turns_until(lambda: receiver.told, "it was told")
    let_pass(hours=25)
    turn()

    alert("job_given_up", "Another job was given up.", "main", lasts=EVENT_LASTS)
    turns_until(lambda: len(receiver.told) == 2, "the next one is told")

    assert [body["type"] for body in receiver.told] == ["alarm.raised", "alarm.raised"]


def test_what_was_in_the_hands_of_a_teller_that_died_is_told_after_its_lease(receiver):
    alert("account_refused", SENTENCE, "main")
    with engine_scope():
        telling.handing.hand_out([("webhook", "")], timezone.now())
    assert telling._take("webhook", timezone.now())

    turn()
    at_once = receiver.requests
    let_pass(minutes=6)
    turns_until(lambda: receiver.told, "told by the next one")

    assert at_once == 0


def _busy() -> bool:
    return any(thread.is_alive() for thread in telling._busy.values())


def _tries() -> int:
    with engine_scope():
        return AlarmMessage.objects.get().tries
