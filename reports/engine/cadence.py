"""When to look again. Pure functions of ages and counts; durations in seconds."""

from __future__ import annotations

import random
from datetime import timedelta

from reports.engine.pace import Expected

SHORTEST_LOOK, LONGEST_LOOK = 0.5, 30.0
# A look costs a call, a late look a slot's idle time. One is due once this share of what such a job usually takes is lost without it, on
# average. While jobs are offered to find a free slot, that finds most ends; where S3's events tell of them, looks are for those that are
# lost.
LOOK_SHARE, LOOK_SHARE_WHILE_PROBING, LOOK_SHARE_WITH_EVENTS = 0.0075, 0.06, 0.3
# Far beyond all experience nothing can be expected: a tenth of the age is waited.
BEYOND, LOOK_SHARE_OF_AGE = 0.98, 0.1
BISECTIONS = 16
# QuickSight is offered one job more than fits so soon after it had no slot for it, where an account allows that. The call itself and the
# pump's turn come on top of it: half a second between two offers.
PROBE_START = 0.1
# S3 told of an object, and the job goes on: it is about to end, or has more files to write.
LOOK_AFTER_OBJECT = 1.0
# S3's events come for this account, if one came so lately.
HEARD_LATELY = timedelta(minutes=2)
PROBE_SHARE_OF_PAUSE = 0.2
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


def next_look(age: float, expected: Expected, share: float = LOOK_SHARE) -> float:
    """Seconds to wait for a job that renders since `age` seconds and was just looked at.

    So long that the probability of its end meanwhile, times half the wait (what is lost on average if it does end), is this share of the
    usual time.
    """
    done, cost = expected.done_by(age), share * expected.seconds
    if done > BEYOND:
        return min(LONGEST_LOOK, max(SHORTEST_LOOK, LOOK_SHARE_OF_AGE * age))

    def lost(wait: float) -> float:
        return (expected.done_by(age + wait) - done) / (1 - done) * wait / 2

    shortest, longest = SHORTEST_LOOK, LONGEST_LOOK
    if lost(longest) < cost:
        return longest
    for _ in range(BISECTIONS):
        middle = (shortest + longest) / 2
        shortest, longest = (middle, longest) if lost(middle) < cost else (shortest, middle)
    return longest


def no_verdict_backoff(calls_in_a_row: int) -> timedelta:
    """1 s, 2 s, 4 s … with full jitter, never over a minute: many jobs that wait for one service must not come back together."""
    return timedelta(seconds=random.uniform(0.2, min(LONGEST_BACKOFF, 2.0 ** min(calls_in_a_row, 10))))


def attempt_backoff(attempts: int) -> timedelta:
    """Before the next attempt after `attempts` failed ones: 60 s, 120 s … with jitter of a quarter."""
    return timedelta(seconds=ATTEMPT_BACKOFF * 2.0 ** (attempts - 1) * random.uniform(0.75, 1.25))


def next_probe(paused_for: timedelta, *, refused: bool) -> timedelta:
    return max(PROBE, min(LONGEST_PROBE, paused_for * PROBE_SHARE_OF_PAUSE)) if refused else PROBE
