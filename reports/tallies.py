"""Counting what happened, over processes, hosts and restarts: in memory first, and every few seconds into a table, in one statement.

A job's step pays nothing for it but an addition. What a process had not written when it was killed is lost, and an answer of the
database that is lost may count it twice: tallies show how things go, and are no ledger.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from bisect import bisect_left
from collections import defaultdict
from functools import partial

import django.db
from django.db import connection, transaction

from reports.measures import Kind, Measure

logger = logging.getLogger(__name__)
FLUSH_SECONDS = 5.0
LONGEST_VALUE = 80
# What the rows of a histogram end in: how many ended below `le` and above the one before it, and the sum of all.
BUCKET, SUM, INFINITE = "_bucket", "_sum", "+Inf"
# In the order of their keys, so that two processes never wait for each other.
ADD = """
insert into reports_tally as tally (name, labels, value)
select * from unnest(%s::text[], %s::jsonb[], %s::float8[])
on conflict (name, labels) do update set value = tally.value + excluded.value
"""
# Name, and labels as JSON in one notation.
Key = tuple[str, str]
_lock = threading.Lock()
_counts: defaultdict[Key, float] = defaultdict(float)
_flush_at = 0.0


def count(measure: Measure, n: float = 1, **labels: object) -> None:
    """Inside a transaction: once that is committed, and never if it is not."""
    assert measure.kind is Kind.COUNTER, measure
    _when_committed({_key(measure, "", labels): n})


def observe(measure: Measure, seconds: float, **labels: object) -> None:
    """As `count`. Clocks differ: what ended before it began took no time."""
    assert measure.kind is Kind.HISTOGRAM, measure
    seconds, place = max(0.0, seconds), bisect_left(measure.buckets, max(0.0, seconds))
    end = str(measure.buckets[place]) if place < len(measure.buckets) else INFINITE
    _when_committed({_key(measure, BUCKET, labels, le=end): 1, _key(measure, SUM, labels): seconds})


def _key(measure: Measure, ending: str, labels: dict[str, object], **more: str) -> Key:
    if set(labels) != set(measure.labels):
        raise ValueError(f"{measure.name} has the labels {', '.join(measure.labels)}, not {', '.join(labels)}.")
    values = {name: str(value)[:LONGEST_VALUE] for name, value in labels.items()}
    return measure.name + ending, json.dumps(values | more, sort_keys=True)


def _when_committed(amounts: dict[Key, float]) -> None:
    if connection.in_atomic_block:
        transaction.on_commit(partial(_add, amounts))
    else:
        _add(amounts)


def _add(amounts: dict[Key, float]) -> None:
    with _lock:
        for key, amount in amounts.items():
            _counts[key] += amount


def flush_if_due() -> None:
    """For whoever makes turns: costs nothing as long as nothing was counted."""
    global _flush_at
    if _counts and time.monotonic() >= _flush_at:
        _flush_at = time.monotonic() + FLUSH_SECONDS
        flush()


def flush() -> None:
    """Outside any transaction, whose end nobody knows; inside one it is left for later. Never raises: it must keep nobody from working."""
    if connection.in_atomic_block:
        return
    taken = _take()
    if not taken:
        return
    rows = [(name, labels, taken[name, labels]) for name, labels in sorted(taken)]
    try:
        with connection.cursor() as cursor:
            cursor.execute(ADD, [list(column) for column in zip(*rows, strict=True)])
    except django.db.Error:
        logger.warning("what was counted could not be written: it is kept for the next time")
        _add(taken)


def _take() -> dict[Key, float]:
    with _lock:
        taken = dict(_counts)
        _counts.clear()
    return taken


def forget() -> None:
    """What was counted here and not written. A forked process would else write what its parent counted."""
    global _lock
    _lock = threading.Lock()
    _counts.clear()


os.register_at_fork(after_in_child=forget)
