"""When to look again. Pure functions of ages and counts; durations in seconds."""

from __future__ import annotations

import random
from datetime import timedelta

SHORTEST_LOOK, LONGEST_LOOK = 1.0, 30.0
# A look costs a call, a late look costs a slot's idle time: both are spent in proportion to how long the job takes anyway.
LOOK_SHARE_OF_AGE = 0.2
LONGEST_BACKOFF = 60.0
ATTEMPT_BACKOFF = 60.0
MAX_ATTEMPTS = 3
# A silent account is asked this often; one that refuses us, where people have to act, ever more slowly.
PROBE = timedelta(seconds=30)
LONGEST_PROBE = timedelta(minutes=5)
SLOTS_TAKEN_WAIT = timedelta(seconds=5)
# After a job that QuickSight never ended. How long it renders at most is not known.
SLOT_RESTS = timedelta(minutes=30)
# S3 shows an object as soon as it is written, but QuickSight may report its job before that.
FILE_MAY_COME_FOR = timedelta(minutes=5)
FILE_RECHECK = timedelta(seconds=10)


def next_look(age: timedelta) -> timedelta:
    """For a job that QuickSight has been rendering for `age`."""
    return timedelta(seconds=min(LONGEST_LOOK, max(SHORTEST_LOOK, LOOK_SHARE_OF_AGE * age.total_seconds())))


def no_verdict_backoff(calls_in_a_row: int) -> timedelta:
    """1 s, 2 s, 4 s … with full jitter, never over a minute: many jobs that wait for one service must not come back together."""
    return timedelta(seconds=random.uniform(0.2, min(LONGEST_BACKOFF, 2.0 ** min(calls_in_a_row, 10))))


def attempt_backoff(attempts: int) -> timedelta:
    """Before the next attempt after `attempts` failed ones: 60 s, 120 s … with jitter of a quarter."""
    return timedelta(seconds=ATTEMPT_BACKOFF * 2.0 ** (attempts - 1) * random.uniform(0.75, 1.25))


def next_probe(paused_for: timedelta, *, refused: bool) -> timedelta:
    return max(PROBE, min(LONGEST_PROBE, paused_for * LOOK_SHARE_OF_AGE)) if refused else PROBE
