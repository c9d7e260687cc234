"""A fresh Idempotency-Key for each request that has a valid one: repeated, it would rightly answer as it did the first time.

Not while single headers are tried out, missing and malformed ones among them.
"""

from __future__ import annotations

import uuid

import schemathesis
from schemathesis import GenerationMode

HEADER = "Idempotency-Key"


@schemathesis.hook
def before_call(context, case, kwargs):
    meta = case.meta
    if HEADER not in (case.headers or {}) or meta is None or meta.phase.name.value == "coverage":
        return
    if meta.generation.mode == GenerationMode.POSITIVE:
        case.headers[HEADER] = uuid.uuid4().hex
