"""How fast programs may ask: token buckets in the shared cache, for each key and for each tenant, so that one's flood delays nobody else.

A key that outruns its own rate takes nothing from its tenant's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, cast

from django.core.cache import cache
from django.db import OperationalError

from reports.api.caller import Caller

SAFE = ("GET", "HEAD")


@dataclass(frozen=True)
class Rate:
    """So many a minute on average, `burst` of them at once."""

    name: str
    a_minute: int
    burst: int

    @property
    def step(self) -> float:
        return 60 / self.a_minute


KEY, TENANT, WRITES = Rate("key", 600, 60), Rate("tenant", 1800, 180), Rate("writes", 120, 60)
# Old clients ask for a job's state in a loop.
OLDER = Rate("older", 3000, 300)


@dataclass(frozen=True)
class Taken:
    """Out of one bucket: `left` may follow at once, and in `full_in` seconds all of it."""

    rate: Rate
    through: bool
    full_in: float

    @property
    def left(self) -> int:
        return max(int(self.rate.burst - self.full_in / self.rate.step), 0)

    @property
    def wait(self) -> int:
        """Whole seconds until the next one goes through."""
        return max(math.ceil(self.full_in - (self.rate.burst - 1) * self.rate.step), 1)


class Buckets(Protocol):
    def take(self, key: str, step: float, room: float) -> tuple[bool, float]: ...


class CacheAway(Exception):
    """Nothing could be counted."""


def take(caller: Caller, rates: tuple[Rate, ...]) -> list[Taken]:
    """One request out of each bucket in turn, up to the first that is empty. Raises CacheAway. Outside any transaction."""
    taken: list[Taken] = []
    for rate in rates:
        whose = caller.tenant.pk if rate is TENANT else caller.family
        try:
            taken.append(Taken(rate, *cast(Buckets, cache).take(f"rate:{rate.name}:{whose}", rate.step, rate.step * rate.burst)))
        except OperationalError as error:
            raise CacheAway from error
        if not taken[-1].through:
            break
    return taken


def headers(taken: list[Taken]) -> dict[str, str]:
    """The two-field form of draft-ietf-httpapi-ratelimit-headers."""
    if not taken:
        return {}
    return {
        "RateLimit-Policy": ", ".join(f'"{one.rate.name}";q={one.rate.a_minute};w=60' for one in taken),
        "RateLimit": ", ".join(f'"{one.rate.name}";r={one.left};t={math.ceil(one.full_in)}' for one in taken),
    }
