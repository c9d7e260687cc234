"""What to plan with for each report of an account, of which the newest were run a few times or never: reports of one account are of a kind.

`Learned.expected` doubts a report that few jobs ran of by letting each of its jobs take anything. For one job that is right. Many of them
would hardly ever be without one that takes an hour, and a peak would never seem to end: all of a report's jobs take long, or none does.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping

from reports.engine.pace import PRIOR_DEVIATION, PRIOR_MEAN, Expected, Learned

# Variances of logarithms: of one report's jobs where none is known, with the weight of so many jobs; and the least between reports.
USUAL_WITHIN, USUAL_WEIGHT, LEAST_BETWEEN = 0.4**2, 2, 0.05
# How many jobs of its own a report's spread needs to count as much as that of all together.
OTHERS_WEIGHT = 5
NOTHING = Learned()


class Kin:
    def __init__(self, learned: Mapping[uuid.UUID, Learned]) -> None:
        """`learned`: of the account's reports that ended a job. To them comes what is believed of any report, with the weight of one."""
        self._learned = learned
        many, each = len(learned) + 1, learned.values()
        self._within = _joined(USUAL_WITHIN, USUAL_WEIGHT, *each)
        self._mean = (PRIOR_MEAN + sum(one.mean for one in each)) / many
        apart = PRIOR_DEVIATION**2 + sum((one.mean - self._mean) ** 2 for one in each)
        # Means of few jobs are apart by chance alone.
        by_chance = self._within * (1 + sum(1 / one.jobs for one in each))
        self._between = max((apart - by_chance) / many, LEAST_BETWEEN)

    def expected(self, report_id: uuid.UUID) -> Expected:
        """The fewer jobs it ran, the nearer to the others' mean and spread. What is doubted of its mean is counted into it, not into the
        spread."""
        own = self._learned.get(report_id, NOTHING)
        within = _joined(self._within, OTHERS_WEIGHT, own)
        weight = within / self._between
        believed = (weight * self._mean + own.jobs * own.mean) / (weight + own.jobs)
        doubt = within / (weight + own.jobs)
        return Expected(believed + doubt / 2, math.sqrt(within))


def _joined(variance: float, weight: float, *seen: Learned) -> float:
    """What is believed of a variance after jobs of reports that each have a mean of their own."""
    return (weight * variance + sum(one.jobs * one.variance for one in seen)) / (weight + sum(max(one.jobs - 1, 0) for one in seen))
