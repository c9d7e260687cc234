"""One try of a delivery as a span: of its job's trace, or of one of its own where it is about no job, or about several."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from reports.delivery.channel import NotSent
from tenants import tracing


@contextmanager
def traced(tenant_id: uuid.UUID, delivery_id: uuid.UUID, channel: str, tries: int, traceparent: str) -> Iterator[tracing.Span]:
    """Around what calls. Not to whom, nor what they said."""
    facts: tracing.Facts = {
        "fanfold.tenant": str(tenant_id),
        "fanfold.delivery": str(delivery_id),
        "fanfold.channel": channel,
        "fanfold.tries": tries,
    }
    with tracing.span(f"deliver.{channel}", facts, parent=traceparent, kind=tracing.CLIENT) as span:
        try:
            yield span
        except NotSent as error:
            span.end_as(error.code, failed=True)
            raise
