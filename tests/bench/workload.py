"""Sets of jobs to measure with: as many, as long and whose. The same seed makes the same set on every machine."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

REPORTS, TENANTS = 20, 50
# Natural logarithms' standard deviations: reports among each other, and the runs of one report. A long report is long each time.
BETWEEN_REPORTS, BETWEEN_RUNS = 0.6, 0.35


@dataclass(frozen=True)
class Planned:
    report: int
    tenant: int
    seconds: float


def lognormal(number: int, mean: float, seed: int) -> list[Planned]:
    """`mean` in seconds is what many sets have on average; one set's own differs by some per cent."""
    chance = random.Random(seed)
    usual = [chance.gauss(0, BETWEEN_REPORTS) - BETWEEN_REPORTS**2 / 2 for _ in range(REPORTS)]
    return [_planned(chance, usual, mean) for _ in range(number)]


def _planned(chance: random.Random, usual: list[float], mean: float) -> Planned:
    report = chance.randrange(REPORTS)
    run = chance.gauss(0, BETWEEN_RUNS) - BETWEEN_RUNS**2 / 2
    return Planned(report, chance.randrange(TENANTS), mean * math.exp(usual[report] + run))
