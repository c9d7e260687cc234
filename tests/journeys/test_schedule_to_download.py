"""One schedule with three audiences and two sets of tags: two snapshots, everybody served once, and what happens after the mail."""

from __future__ import annotations

import re

import pytest
import requests

from tests.journeys import steps
from tests.journeys.steps import KIM, LEE, MAX, NORA, NORTH
from tests.reports.engine.worker import running_worker, wait_for

EVERYBODY = sorted([KIM, LEE, NORA, MAX])
pytestmark = pytest.mark.django_db(transaction=True)


def served(smtp) -> list[str]:
    return sorted(address for mail in smtp.mails for address in mail.recipients)


def test_three_audiences_with_two_sets_of_tags_are_two_snapshots_and_everybody_is_served_once(aws, account, acme, daily_calls, web, smtp):
    schedule = steps.each_minute(acme, daily_calls)

    steps.work_until(account, lambda: steps.ended(schedule))

    (occurrence,) = steps.occurrences(schedule)
    tags = sorted((job["tags"] for job in aws.control.jobs()), key=len)
    assert occurrence.status == "delivered"
    assert tags == [{"tenant_id": "acme"}, {"tenant_id": "acme"} | NORTH]
    assert list(aws.control.stats()["accepted"].values()) == [1, 1]
    assert served(smtp) == EVERYBODY
    assert steps.told(schedule, "status") == {address: ["sent"] for address in EVERYBODY}


def test_an_address_that_is_refused_for_now_is_tried_again_alone(aws, account, acme, daily_calls, web, smtp):
    smtp.answer("451 4.3.0 Try again later", to=LEE, times=1)
    schedule = steps.each_minute(acme, daily_calls)
    steps.work_until(account, lambda: served(smtp) == sorted({*EVERYBODY} - {LEE}) and steps.told(schedule, "tries")[LEE] == [1])
    (open_one,) = steps.occurrences(schedule)

    steps.try_again_now(schedule)
    steps.work_until(account, lambda: steps.ended(schedule))

    (occurrence,) = steps.occurrences(schedule)
    assert (open_one.status, occurrence.status) == ("running", "delivered")
    assert served(smtp) == EVERYBODY
    assert steps.told(schedule, "tries") == {address: [2 if address == LEE else 1] for address in EVERYBODY}
    assert len(steps.jobs(schedule)) == 2


def test_an_address_that_is_refused_for_good_is_the_one_that_fails(aws, account, acme, daily_calls, web, smtp):
    smtp.answer("550 5.1.1 No such user", to=LEE)
    schedule = steps.each_minute(acme, daily_calls)

    steps.work_until(account, lambda: steps.ended(schedule))

    (occurrence,) = steps.occurrences(schedule)
    assert occurrence.status == "partly_delivered"
    assert steps.told(schedule, "status") == {address: ["bounced" if address == LEE else "sent"] for address in EVERYBODY}


def test_two_schedulers_change_nothing(aws, account, acme, daily_calls, web, smtp):
    schedule = steps.each_minute(acme, daily_calls)

    steps.work_until(account, lambda: steps.ended(schedule), crews=2)

    assert len(steps.occurrences(schedule)) == 1
    assert list(aws.control.stats()["accepted"].values()) == [1, 1]
    assert served(smtp) == EVERYBODY


def test_two_real_workers_serve_everybody_once(aws, account, acme, daily_calls, web, smtp, environment, tmp_path):
    schedule = steps.each_minute(acme, daily_calls)

    with running_worker(environment, tmp_path / "one"), running_worker(environment, tmp_path / "two"):
        wait_for(lambda: steps.ended(schedule), 60, "the occurrence ended")
        rows = steps.rows_behind(smtp.to(NORA)[0], tmp_path / "files")

    assert [occurrence.status for occurrence in steps.occurrences(schedule)] == ["delivered"]
    assert list(aws.control.stats()["accepted"].values()) == [1, 1]
    assert served(smtp) == EVERYBODY
    assert {row["Desk"] for row in rows} == {"north"}


def test_the_mails_link_gives_each_their_own_rows_and_the_ledger_says_so(aws, account, acme, daily_calls, web, smtp, tmp_path):
    schedule = steps.each_minute(acme, daily_calls)
    steps.work_until(account, lambda: steps.ended(schedule))

    all_rows = steps.rows_behind(smtp.to(KIM)[0], tmp_path / "kim")
    north = steps.rows_behind(smtp.to(NORA)[0], tmp_path / "nora")

    assert {row["Desk"] for row in north} == {"north"}
    assert len({row["Desk"] for row in all_rows}) > 1
    assert sorted(steps.downloads(schedule)) == [KIM, NORA]


def test_who_unsubscribed_gets_nothing_the_next_time(aws, account, acme, daily_calls, web, smtp):
    schedule = steps.each_minute(acme, daily_calls)
    steps.work_until(account, lambda: steps.ended(schedule))
    (mail,) = smtp.to(LEE)
    (stop,) = re.findall(r"<(http[^<>]*)>", mail.message["List-Unsubscribe"])

    answer = requests.post(stop, {"List-Unsubscribe": "One-Click"}, timeout=20)
    smtp.mails.clear()
    steps.fall_due(schedule)
    steps.work_until(account, lambda: steps.ended(schedule, 2))

    assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert answer.ok
    assert served(smtp) == sorted({*EVERYBODY} - {LEE})
    assert steps.told(schedule, "status")[LEE] == ["sent", "suppressed"]
