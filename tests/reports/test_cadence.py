from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from cronsim import CronSim
from django.utils.functional import Promise

from reports.cadence import HOURS, Cadence, Kind, day_choices, describe
from reports.scheduling import check_cron, expression

NOON = time(12, 5)
CADENCES = [
    Cadence(Kind.HOURLY, time(0, 0)),
    *(Cadence(Kind.HOURLY, time(every - 1 if every > 1 else 0, 30), every) for every in HOURS),
    Cadence(Kind.DAILY, NOON),
    Cadence(Kind.WEEKDAYS, NOON),
    *(Cadence(Kind.WEEKLY, NOON, weekdays=days) for days in [(1,), (7,), (1, 7), (6, 7), (1, 3, 5), (2, 3, 4, 5, 6, 7)]),
    *(Cadence(Kind.MONTHLY, NOON, day=day) for day, _words in day_choices()),
    Cadence(Kind.CRON, cron="*/15 9-17 * * 1-5"),
]


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("30 7 * * 1-5", "Every weekday at 07:30"),
        ("30 7 * * mon-fri", "Every weekday at 07:30"),
        ("0 6 * * *", "Every day at 06:00"),
        ("@daily", "Every day at 00:00"),
        ("0 6 * * 0-6", "Every day at 06:00"),
        ("@hourly", "Every hour"),
        ("5 * * * *", "Every hour, 05 minutes past"),
        ("0 */4 * * *", "Every 4 hours from 00:00"),
        ("15 2,8,14,20 * * *", "Every 6 hours from 02:15"),
        ("0 6 * * 1", "Mondays at 06:00"),
        ("@weekly", "Sundays at 00:00"),
        ("30 18 * * 0,1", "Sundays and Mondays at 18:30"),
        ("30 18 * * 6,7", "Saturdays and Sundays at 18:30"),
        ("30 18 * * 5,3,1", "Mondays, Wednesdays and Fridays at 18:30"),
        ("30 1 28 * *", "Day 28 of each month at 01:30"),
        ("30 1 31 * *", "Day 31 of each month that has one, at 01:30"),
        ("@monthly", "Day 1 of each month at 00:00"),
        ("0 6 L * *", "Last day of each month at 06:00"),
        ("0 6 LW * *", "Last weekday of each month at 06:00"),
        ("0 6 * * MON#1", "First Monday of each month at 06:00"),
        ("0 6 * * 0#5", "Fifth Sunday of each month that has one, at 06:00"),
        ("0 6 * * 5L", "Last Friday of each month at 06:00"),
        ("5 4 1 * 1-5", "Cron 5 4 1 * 1-5"),
        ("0 6 1,15 * *", "Cron 0 6 1,15 * *"),
        ("0 */5 * * *", "Cron 0 */5 * * *"),
        ("0 6 * 3 *", "Cron 0 6 * 3 *"),
        ("* * * * *", "Every minute"),
        ("*/15 * * * *", "Cron */15 * * * *"),
        ("0 6 * * 1,5L", "Cron 0 6 * * 1,5L"),
        ("0 0 6 * * *", "Cron 0 0 6 * * *"),
        ("now and then", "Cron now and then"),
    ],
)
def test_a_cron_expression_reads_as_words_where_there_are_some(cron, words):
    assert describe(cron) == words


@pytest.mark.parametrize("cadence", CADENCES, ids=str)
def test_the_fields_of_a_form_come_back_from_the_cron_they_make(cadence):
    check_cron(cadence.to_cron())

    again = Cadence.from_cron(cadence.to_cron())

    assert (again.kind, str(again), again.to_cron()) == (cadence.kind, str(cadence), cadence.to_cron())


@pytest.mark.parametrize(
    "cron",
    ["@hourly", "0 22,2,6,10,14,18 * * *", "0 7 * * sun,1-3", "5 4 07 * *", "30 7 * * 0-6", "0 6 * * SAT#2", "0 0 * * 0L", "1 2 3 4 5"],
)
def test_a_cron_that_went_through_a_form_still_means_the_same_times(cron):
    start = datetime(2026, 1, 1, tzinfo=UTC)

    before, after = CronSim(expression(cron), start), CronSim(Cadence.from_cron(cron).to_cron(), start)

    assert [next(before) for _ in range(500)] == [next(after) for _ in range(500)]


def test_every_day_on_offer_has_its_own_words():
    words = [word for _token, word in day_choices()]

    assert len(set(words)) == len(words)
    assert {"Day 28", "Last day", "Last weekday", "First Monday", "Last Sunday"} <= set(words)
    assert not any(isinstance(word, Promise) for word in words)


def test_hours_beyond_the_step_are_brought_back_to_the_first_of_the_day():
    assert Cadence(Kind.HOURLY, time(14, 30), every_hours=4).to_cron() == "30 2/4 * * *"
    assert next(CronSim("30 2/4 * * *", datetime(2026, 1, 1, 14, 0, tzinfo=UTC))) - timedelta(minutes=30) == datetime(
        2026, 1, 1, 14, tzinfo=UTC
    )
