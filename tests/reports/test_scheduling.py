from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from reports.models import Schedule
from reports.scheduling import BadCron, check_cron, due_between, expression, next_run, next_runs, offset_text, ready_by_at

GOOD = ["30 7 * * 1-5", "*/15 * * * *", "0 0 29 2 *", "0 6 L * *", "0 9 * * MON#2", "0 0 31 2 1", " @daily ", "@Weekly", "@hourly"]


@pytest.mark.parametrize("cron", GOOD)
def test_a_cron_expression_is_accepted(cron):
    assert check_cron(cron) is None


@pytest.mark.parametrize(
    ("cron", "sentence"),
    [
        ("", "five fields"),
        ("30 7 * *", "five fields"),
        ("0 30 7 * * 1", "five fields"),
        ("* " * 70, "five fields"),
        ("60 7 * * *", "bad minute"),
        ("0 25 * * *", "bad hour"),
        ("0 7 * * FUN", "bad day-of-week"),
        ("0 7 5-1 * *", "bad day-of-month"),
        ("*/0 * * * *", "bad minute"),
        ("0 0 30 2 *", "bad day-of-month"),
        ("@reboot", "@reboot is not one of"),
    ],
)
def test_a_bad_cron_expression_is_refused_with_a_sentence(cron, sentence):
    with pytest.raises(BadCron, match=sentence):
        check_cron(cron)


def test_a_time_that_never_comes_is_refused():
    with pytest.raises(BadCron, match="never comes"):
        check_cron("0 0 */30 2 2#5")


def test_an_alias_stands_for_five_fields():
    assert expression("@midnight") == expression("@daily") == "0 0 * * *"
    assert expression(" 30 7 * * 1-5 ") == "30 7 * * 1-5"


def plan(cron="30 7 * * *", timezone="Europe/Berlin", **rest):
    return Schedule(cron=cron, timezone=timezone, **rest)


def instants(*texts):
    return [datetime.fromisoformat(text).astimezone(UTC) for text in texts]


@pytest.mark.parametrize("first", [date.max, date(9901, 1, 1)])
def test_a_first_day_at_the_end_of_all_calendars_never_comes(first):
    assert next_run(plan(starts_on=first), datetime(2026, 11, 23, tzinfo=UTC)) is None


def test_a_first_day_before_all_clocks_is_over():
    assert next_run(plan(starts_on=date.min), datetime(2026, 11, 23, tzinfo=UTC)) == datetime(2026, 11, 23, 6, 30, tzinfo=UTC)


def test_the_next_run_is_after_the_given_instant_and_in_utc():
    monday = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)

    assert next_run(plan("30 7 * * 1-5"), monday - timedelta(seconds=1)) == monday
    assert next_run(plan("30 7 * * 1-5"), monday) == monday + timedelta(days=1)
    assert next_run(plan("@daily", "Asia/Kathmandu"), monday) == datetime(2026, 11, 23, 18, 15, tzinfo=UTC)


def test_a_schedule_runs_from_its_first_day_to_its_last_and_these_are_days_of_its_zone():
    november = plan("0 0 * * *", "Asia/Tokyo", starts_on=date(2026, 11, 29), ends_on=date(2026, 11, 30))

    due = due_between(november, datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC), limit=10)

    assert due == instants("2026-11-29T00:00+09:00", "2026-11-30T00:00+09:00")
    assert next_run(november, due[-1]) is None


def test_what_is_due_includes_the_end_of_the_time_asked_for_and_stops_at_the_limit():
    start, end = instants("2026-11-23T07:30+01:00", "2026-11-26T07:30+01:00")

    assert due_between(plan(), start, end, limit=10) == [start + timedelta(days=day) for day in (1, 2, 3)]
    assert due_between(plan("* * * * *"), start - timedelta(days=3000), end, limit=3) == [
        start - timedelta(days=3000) + timedelta(minutes=minute) for minute in (1, 2, 3)
    ]


def test_a_time_that_does_not_exist_is_planned_for_the_first_minute_that_does_and_people_are_told():
    *before, march = next_runs(plan("30 1 28 * *", "Europe/Lisbon"), datetime(2026, 11, 23, tzinfo=UTC))

    assert [run.note for run in before] == [""] * 4
    assert march.at == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)
    assert (march.local.isoformat(), march.offset_text) == ("2027-03-28T02:00:00+01:00", "UTC+1")
    assert march.note == (
        "Clocks go forward on 28 March. 01:30 does not exist that night, so the run starts at 02:00, the first minute that does."
    )


def test_a_time_that_comes_twice_is_planned_once_and_people_are_told():
    first, second = next_runs(plan("30 2 * * *"), datetime(2026, 10, 24, 9, tzinfo=UTC), count=2)

    assert (first.at, first.offset_text) == (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "UTC+2")
    assert first.note == "Clocks go back on 25 October. 02:30 comes twice that night; the run starts at the first one."
    assert (second.at, second.note) == (datetime(2026, 10, 26, 1, 30, tzinfo=UTC), "")


def test_a_cron_for_every_hour_runs_in_both_hours_of_a_repeat():
    runs = next_runs(plan("30 * * * *"), datetime(2026, 10, 24, 23, 40, tzinfo=UTC), count=3)

    assert [run.at for run in runs] == instants("2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00", "2026-10-25T03:30+01:00")
    assert runs[1].note == "Clocks go back on 25 October. 02:30 comes twice that night, and a run starts at each."


@pytest.mark.parametrize(
    ("timezone", "planned_at", "promised"),
    [
        ("Europe/Berlin", "2026-11-23T07:30+01:00", "2026-11-23T09:00+01:00"),
        ("Europe/Berlin", "2026-11-23T09:00+01:00", "2026-11-24T09:00+01:00"),
        ("Asia/Kathmandu", "2026-11-23T23:00+05:45", "2026-11-24T09:00+05:45"),
    ],
)
def test_a_promise_is_for_the_first_such_time_after_the_planned_one(timezone, planned_at, promised):
    (planned, ready) = instants(planned_at, promised)

    assert ready_by_at(plan(timezone=timezone, ready_by=time(9)), planned) == ready
    assert ready_by_at(plan(timezone=timezone), planned) is None


@pytest.mark.parametrize(
    ("zone", "text"),
    [("Europe/Lisbon", "UTC+0"), ("Asia/Kolkata", "UTC+5:30"), ("America/St_Johns", "UTC-3:30"), ("America/Lima", "UTC-5")],
)
def test_an_offset_reads_as_people_write_it(zone, text):
    assert offset_text(datetime(2026, 1, 15, tzinfo=ZoneInfo(zone))) == text


def engine(schedule, clock):
    """What is noted when the clock shows these times one after the other: as the engine does it, the due time only moves forward."""
    noted, due = [], next_run(schedule, clock[0])
    for now in clock:
        while due is not None and due <= now:
            noted.append(due)
            due = next_run(schedule, due)
    return noted


@pytest.mark.parametrize("hours", [2, -2])
@pytest.mark.parametrize("cron", ["30 2 * * *", "*/15 * * * *", "45 * * * *"])
def test_a_clock_that_steps_by_two_hours_and_back_loses_and_doubles_nothing(cron, hours):
    """In the night when Berlin's clocks go back, too, which are not the host's clock."""
    start = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)
    true = [start + timedelta(minutes=5 * step) for step in range(12 * 36)]
    stepped = [at + timedelta(hours=hours) if 60 <= step < 260 else at for step, at in enumerate(true)]

    assert engine(plan(cron), stepped) == engine(plan(cron), true) == due_between(plan(cron), start, true[-1], limit=1000)


def test_a_leap_day_is_a_day_like_any_other():
    def runs(cron):
        return [at.strftime("%m-%d") for at in due_between(plan(cron, "UTC"), *instants("2028-02-27T12:00Z", "2028-03-02T00:00Z"), limit=9)]

    assert runs("0 6 * * *") == ["02-28", "02-29", "03-01"]
    assert runs("0 6 L * *") == runs("0 6 29 * *") == runs("0 6 29 2 *") == ["02-29"]
    assert next_run(plan("0 6 29 2 *", "UTC"), datetime(2028, 3, 1, tzinfo=UTC)) == datetime(2032, 2, 29, 6, tzinfo=UTC)
