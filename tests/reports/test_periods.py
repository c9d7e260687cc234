from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from reports import periods
from reports.periods import BadPeriod, Relative, days_of, describe, label, period_label, read

LISBON = ZoneInfo("Europe/Lisbon")
SATURDAY = date(2026, 11, 28)


@pytest.mark.parametrize(
    ("period", "n", "first", "last"),
    [
        ("today", 0, "2026-11-28", "2026-11-28"),
        ("yesterday", 0, "2026-11-27", "2026-11-27"),
        ("this_week", 0, "2026-11-23", "2026-11-29"),
        ("previous_week", 0, "2026-11-16", "2026-11-22"),
        ("month_to_date", 0, "2026-11-01", "2026-11-28"),
        ("previous_month", 0, "2026-10-01", "2026-10-31"),
        ("quarter_to_date", 0, "2026-10-01", "2026-11-28"),
        ("previous_quarter", 0, "2026-07-01", "2026-09-30"),
        ("year_to_date", 0, "2026-01-01", "2026-11-28"),
        ("previous_year", 0, "2025-01-01", "2025-12-31"),
        ("last_n_days", 7, "2026-11-21", "2026-11-27"),
        ("last_n_days", 1, "2026-11-27", "2026-11-27"),
        ("last_n_months", 3, "2026-08-01", "2026-10-31"),
        ("last_n_months", 12, "2025-11-01", "2026-10-31"),
    ],
)
def test_each_period_has_its_first_and_last_day(period, n, first, last):
    assert days_of(period, n, SATURDAY) == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("period", "today", "first", "last"),
    [
        ("month_to_date", "2026-11-01", "2026-11-01", "2026-11-01"),
        ("yesterday", "2028-03-01", "2028-02-29", "2028-02-29"),
        ("previous_month", "2027-01-31", "2026-12-01", "2026-12-31"),
        ("previous_quarter", "2027-02-15", "2026-10-01", "2026-12-31"),
        ("quarter_to_date", "2027-01-01", "2027-01-01", "2027-01-01"),
        ("this_week", "2026-11-23", "2026-11-23", "2026-11-29"),
        ("previous_week", "2026-11-29", "2026-11-16", "2026-11-22"),
    ],
)
def test_a_period_at_the_edge_of_a_month_a_quarter_a_year_or_a_week(period, today, first, last):
    assert days_of(period, 0, date.fromisoformat(today)) == (date.fromisoformat(first), date.fromisoformat(last))


def test_every_day_of_eight_years_lies_in_its_periods_and_right_behind_the_previous_ones():
    for days in range(8 * 366):
        today = date(2024, 1, 1) + timedelta(days=days)
        for unit in ("week", "month", "quarter", "year"):
            begins, _end = days_of("this_week" if unit == "week" else f"{unit}_to_date", 0, today)
            first, last = days_of(f"previous_{unit}", 0, today)

            assert first <= last == begins - timedelta(days=1)
            assert begins <= today


def test_the_day_is_the_one_that_the_zone_has_at_the_planned_instant():
    planned = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)

    assert Relative("today").day(planned, ZoneInfo("Pacific/Kiritimati")) == date(2026, 11, 23)
    assert Relative("today").day(planned, ZoneInfo("Pacific/Pago_Pago")) == date(2026, 11, 22)


@pytest.mark.parametrize(
    ("pattern", "day", "text"),
    [
        ("YYYY-MM-DD", "2026-11-02", "2026-11-02"),
        ("YYYYMM", "2026-11-02", "202611"),
        ("DD.MM.YYYY", "2026-11-02", "02.11.2026"),
        ("YYYY/Q", "2026-11-02", "2026/4"),
        ("YYYY-WW", "2027-01-01", "2026-53"),
        ("", "2026-11-02", "2026-11-02"),
    ],
)
def test_a_format_turns_the_day_into_text(pattern, day, text):
    noon = datetime.fromisoformat(f"{day}T12:00+00:00")

    assert read({"relative": "today", "format": pattern}).text(noon, LISBON) == text


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({}, "relative must be one of"),
        ({"relative": ["today"]}, "relative must be one of"),
        ({"relative": "today", "part": "middle"}, "part must be one of start, end, end_exclusive"),
        ({"relative": "today", "n": 3}, "today takes no n"),
        ({"relative": "last_n_days"}, "last_n_days needs n, a whole number from 1 to 366"),
        ({"relative": "last_n_days", "n": 0}, "needs n"),
        ({"relative": "last_n_days", "n": 367}, "needs n"),
        ({"relative": "last_n_months", "n": True}, "needs n"),
        ({"relative": "last_n_months", "n": "3"}, "needs n"),
        ({"relative": "today", "format": "yyyy"}, "format must be made of"),
        ({"relative": "today", "format": "YYYY" * 11}, "format must be made of"),
        ({"relative": "today", "format": 7}, "format must be made of"),
        ({"relative": "today", "zone": "UTC"}, "has no zone"),
    ],
)
def test_what_is_no_relative_period_is_refused_with_a_sentence(value, sentence):
    with pytest.raises(BadPeriod, match=sentence):
        read(value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"relative": "yesterday"}, "Yesterday"),
        ({"relative": "previous_month"}, "Previous month, first day"),
        ({"relative": "previous_month", "part": "end"}, "Previous month, last day"),
        ({"relative": "today", "part": "end_exclusive"}, "Today, the day after"),
        ({"relative": "last_n_days", "n": 7, "part": "end"}, "Last 7 days, last day"),
        ({"relative": "previous_month", "format": "YYYY-MM"}, "Previous month"),
    ],
)
def test_a_relative_period_has_words(value, words):
    assert describe(value) == words


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        ("2026-11-22", "2026-11-22", "22 November 2026"),
        ("2026-11-01", "2026-11-30", "November 2026"),
        ("2026-10-01", "2026-12-31", "October to December 2026"),
        ("2025-11-01", "2026-10-31", "November 2025 to October 2026"),
        ("2026-01-01", "2026-12-31", "2026"),
        ("2026-11-01", "2026-11-28", "1 to 28 November 2026"),
        ("2026-11-30", "2026-12-06", "30 November to 6 December 2026"),
        ("2026-12-28", "2027-01-03", "28 December 2026 to 3 January 2027"),
    ],
)
def test_a_period_has_a_label(first, last, text):
    assert label(date.fromisoformat(first), date.fromisoformat(last)) == text


def test_the_label_of_a_run_is_that_of_its_first_relative_period_or_else_its_day():
    planned = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
    month = {"relative": "previous_month"}

    assert period_label({"Region": ["North"], "From": month, "To": month | {"part": "end"}}, planned, LISBON) == "October 2026"
    assert period_label({"Region": ["North"]}, planned, LISBON) == "23 November 2026"
    with translation.override("de"):
        assert "Oktober 2026" in period_label({"From": month}, planned, LISBON)


def test_every_period_has_a_name_and_a_meaning():
    for name in periods.NAMES:
        assert days_of(name, 3, SATURDAY)
