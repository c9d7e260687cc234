from __future__ import annotations

import pytest

from reports.scheduling import BadCron, check_cron, expression

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
