"""How long a report's jobs render: learned from those that ended, as the mean and the variance of the logarithms of their seconds."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection

from reports.models import Pace

# What is believed of a report that nobody has run: 8 s, give or take a factor of 3.7, with the weight of two jobs.
PRIOR_MEAN, PRIOR_DEVIATION, PRIOR_WEIGHT = math.log(8.0), 1.3, 2.0
# After a few jobs their own spread counts, with a little doubt left.
FEW, DOUBT, LEAST_DEVIATION = 5, 0.05, 0.05
# A job more weighs as one of these at least, so that a report that was changed is learned anew.
REMEMBERED = 50
SHORTEST_SECONDS = 0.05

SAVE = """
insert into reports_pace as pace (account_id, report_id, formats, jobs, log_mean, log_variance)
select %(account)s, * from unnest(%(reports)s::uuid[], %(formats)s::text[], %(jobs)s::int[], %(means)s::float8[], %(variances)s::float8[])
    on conflict (account_id, report_id, formats) do update
   set jobs = excluded.jobs, log_mean = excluded.log_mean, log_variance = excluded.log_variance
"""


@dataclass(frozen=True)
class Expected:
    """Seconds that a job renders: a lognormal distribution."""

    log_mean: float
    log_deviation: float

    @property
    def seconds(self) -> float:
        """The usual: half of the jobs take longer."""
        return math.exp(self.log_mean)

    @property
    def mean(self) -> float:
        """What many jobs take on average; more than the usual, because some take very long."""
        return math.exp(self.log_mean + self.log_deviation**2 / 2)

    def done_by(self, age: float) -> float:
        """The probability that a job has ended at this age."""
        return 0.5 * math.erfc((self.log_mean - math.log(age)) / (self.log_deviation * math.sqrt(2))) if age > 0 else 0.0


@dataclass(frozen=True)
class Learned:
    jobs: int = 0
    mean: float = 0.0
    variance: float = 0.0

    def and_one_of(self, seconds: float) -> Learned:
        jobs = min(self.jobs + 1, REMEMBERED)
        distance = math.log(max(seconds, SHORTEST_SECONDS)) - self.mean
        mean = self.mean + distance / jobs
        return Learned(jobs, mean, self.variance + (distance * (distance - distance / jobs) - self.variance) / jobs)

    def expected(self) -> Expected:
        weight = PRIOR_WEIGHT + self.jobs
        mean = (PRIOR_WEIGHT * PRIOR_MEAN + self.jobs * self.mean) / weight
        if self.jobs < FEW:
            between = PRIOR_WEIGHT * self.jobs / weight * (self.mean - PRIOR_MEAN) ** 2
            variance = (PRIOR_WEIGHT * PRIOR_DEVIATION**2 + self.jobs * self.variance + between) / weight
        else:
            variance = (PRIOR_WEIGHT * DOUBT + self.jobs * self.variance) / weight
        return Expected(mean, max(math.sqrt(variance), LEAST_DEVIATION))


class Paces:
    """Of one account's reports and formats. One pump learns at a time; what it had not saved when it died is no loss."""

    def __init__(self, account_id: int) -> None:
        self._account_id = account_id
        self._learned: dict[tuple[uuid.UUID | None, str], Learned] = {}
        self._unsaved: set[tuple[uuid.UUID | None, str]] = set()

    def load(self) -> None:
        """In the engine's scope."""
        rows = Pace.objects.filter(account_id=self._account_id)
        self._learned = {
            (report, formats): Learned(jobs, mean, variance)
            for report, formats, jobs, mean, variance in rows.values_list("report_id", "formats", "jobs", "log_mean", "log_variance")
        }

    def expected(self, report_id: uuid.UUID | None, formats: Iterable[str]) -> Expected:
        return self._learned.get((report_id, "+".join(formats)), Learned()).expected()

    def learn(self, report_id: uuid.UUID | None, formats: Iterable[str], seconds: float) -> None:
        key = report_id, "+".join(formats)
        self._learned[key] = self._learned.get(key, Learned()).and_one_of(seconds)
        self._unsaved.add(key)

    def save(self) -> None:
        """In the engine's scope."""
        keys, self._unsaved = sorted(self._unsaved, key=str), set()
        if not keys:
            return
        learned = [self._learned[key] for key in keys]
        values: dict[str, Any] = {
            "account": self._account_id,
            "reports": [report for report, _formats in keys],
            "formats": [formats for _report, formats in keys],
            "jobs": [each.jobs for each in learned],
            "means": [each.mean for each in learned],
            "variances": [each.variance for each in learned],
        }
        with connection.cursor() as cursor:
            cursor.execute(SAVE, values)
