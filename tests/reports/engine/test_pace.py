"""What is learned of how long reports take, and when a job is looked at because of it."""

from __future__ import annotations

import math
import random

import pytest

from reports.engine import cadence
from reports.engine.pace import REMEMBERED, Expected, Learned, Paces
from reports.models import Pace
from tenants.scope import engine_scope
from tests.factories import make_account, make_report


def learned(*seconds: float) -> Learned:
    pace = Learned()
    for each in seconds:
        pace = pace.and_one_of(each)
    return pace


def lognormal(median: float, deviation: float, number: int) -> list[float]:
    draw = random.Random(7)
    return [draw.lognormvariate(math.log(median), deviation) for _ in range(number)]


def test_what_was_seen_is_the_mean_and_the_variance_of_its_logarithms():
    seconds = lognormal(40, 0.3, 40)
    logs = [math.log(each) for each in seconds]
    mean = sum(logs) / len(logs)

    pace = learned(*seconds)

    assert pace.mean == pytest.approx(mean)
    assert pace.variance == pytest.approx(sum((log - mean) ** 2 for log in logs) / len(logs))


def test_a_report_that_was_changed_is_learned_anew():
    before, after = learned(*[10.0] * 200), learned(*[10.0] * 200, *[40.0] * 150)

    assert before.jobs == after.jobs == REMEMBERED
    assert math.exp(before.mean) == pytest.approx(10)
    assert 35 < math.exp(after.mean) < 41


def test_an_ended_job_brings_the_expectation_nearer_to_it():
    expectations = [learned(*[60.0] * number).expected() for number in (0, 1, 3, 20)]

    distances = [abs(expected.log_mean - math.log(60)) for expected in expectations]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 0.2


def test_a_few_jobs_that_took_the_same_are_not_believed_to_be_all():
    assert learned(3.0, 3.0).expected().log_deviation > learned(*[3.0] * 30).expected().log_deviation > 0.05


def test_one_pump_learns_and_the_next_one_knows(db):
    account, other = make_account(), make_account(name="other")
    report = make_report(account=account)
    paces, theirs = Paces(account.pk), Paces(other.pk)
    for seconds in (8.0, 9.0, 10.0):
        paces.learn(report.pk, ["PDF", "CSV"], seconds)

    with engine_scope():
        paces.save()
        paces.save()
        again = Paces(account.pk)
        again.load()
        theirs.load()
        rows = list(Pace.objects.values_list("account_id", "report_id", "formats", "jobs"))

    assert rows == [(account.pk, report.pk, "PDF+CSV", 3)]
    assert again.expected(report.pk, ["PDF", "CSV"]) == paces.expected(report.pk, ["PDF", "CSV"])
    assert again.expected(report.pk, ["PDF"]) == theirs.expected(report.pk, ["PDF", "CSV"]) == Learned().expected()


class TestTheNextLook:
    twenty_five = Expected(math.log(25), 0.35)

    def test_costs_the_same_in_expectation_at_every_age(self):
        for age in (0.0, 5.0, 12.0, 20.0, 25.0):
            wait = cadence.next_look(age, self.twenty_five, cost=0.2)
            done = self.twenty_five.done_by(age)
            lost = (self.twenty_five.done_by(age + wait) - done) / (1 - done) * wait / 2

            assert lost == pytest.approx(0.2, rel=0.05)

    def test_comes_late_for_a_young_job_and_soon_for_one_that_may_end_at_any_moment(self):
        assert cadence.next_look(0.0, self.twenty_five) > 8
        assert cadence.next_look(24.0, self.twenty_five) < 3

    def test_of_dearer_looks_comes_later(self):
        waits = [cadence.next_look(20.0, self.twenty_five, cost) for cost in (0.05, 0.2, 1.0)]

        assert waits == sorted(waits)

    def test_never_comes_later_than_half_a_minute_nor_sooner_than_half_a_second(self):
        for expected in (self.twenty_five, Expected(math.log(0.3), 0.05), Expected(math.log(5000), 0.4), Learned().expected()):
            for age in (0.0, 0.1, 1.0, 10.0, 100.0, 1000.0, 100_000.0):
                for cost in (cadence.LOOK_COST, cadence.LOOK_COST_WITH_EVENTS):
                    assert cadence.SHORTEST_LOOK <= cadence.next_look(age, expected, cost) <= cadence.LONGEST_LOOK

    def test_beyond_all_experience_waits_a_tenth_of_the_age(self):
        assert cadence.next_look(200.0, self.twenty_five) == pytest.approx(20.0)
