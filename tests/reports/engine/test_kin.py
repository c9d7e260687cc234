"""What is planned with for reports that few jobs ran of."""

from __future__ import annotations

import math
import random
import uuid

import pytest

from reports.engine.kin import Kin
from reports.engine.pace import Learned

REPORTS = [uuid.UUID(int=number) for number in range(20)]
NEW = uuid.UUID(int=99)


def learned(*seconds: float) -> Learned:
    known = Learned()
    for each in seconds:
        known = known.and_one_of(each)
    return known


def runs(chance: random.Random, usual: float, number: int) -> Learned:
    return learned(*(usual * math.exp(chance.gauss(0, 0.35)) for _ in range(number)))


@pytest.fixture(scope="module")
def kin() -> Kin:
    """Nineteen reports that take a minute each time, give or take a third, and one that ran once and took four."""
    chance = random.Random(1)
    return Kin({report: runs(chance, 60, 12) for report in REPORTS[1:]} | {REPORTS[0]: learned(240)})


def test_a_report_that_ran_often_is_expected_to_take_what_it_took():
    often = learned(*[600] * 50)

    assert Kin({REPORTS[0]: often, REPORTS[1]: learned(5)}).expected(REPORTS[0]).seconds == pytest.approx(600, rel=0.05)


def test_one_long_job_is_believed_in_part(kin):
    assert 75 < kin.expected(REPORTS[0]).seconds < 200


def test_a_new_report_takes_what_the_accounts_others_do(kin):
    assert kin.expected(NEW).seconds == pytest.approx(60, rel=0.25)


def test_jobs_of_a_report_that_hardly_ran_are_as_alike_as_those_of_the_others(kin):
    assert kin.expected(NEW).log_deviation == kin.expected(REPORTS[0]).log_deviation == pytest.approx(0.35, abs=0.05)


def test_a_report_whose_jobs_take_now_a_minute_and_now_an_hour_stays_so_among_steady_ones():
    chance = random.Random(1)
    erratic = learned(*(600 * math.exp(chance.gauss(0, 1.2)) for _ in range(60)))
    kin = Kin({report: runs(chance, 60, 50) for report in REPORTS[1:]} | {REPORTS[0]: erratic})

    assert kin.expected(REPORTS[0]).log_deviation == pytest.approx(math.sqrt(erratic.variance), rel=0.1)
    assert kin.expected(REPORTS[0]).mean == pytest.approx(erratic.expected().mean, rel=0.15)
    assert kin.expected(REPORTS[5]).log_deviation == pytest.approx(0.35, abs=0.1)


def test_where_nothing_ever_ran_a_job_is_expected_to_take_as_long_as_one_of_an_unknown_report_does():
    assert Kin({}).expected(NEW).mean == pytest.approx(Learned().expected().mean, rel=0.02)
