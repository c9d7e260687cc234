"""Answering with a ZIP. It keeps a thread of the web server for as long as its visitor takes, so only some are sent at once."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from django.db import connections
from django.http import StreamingHttpResponse

from reports import zipping
from reports.aws.storage import disposition
from reports.models import SnapshotFile

# Of a process: half of the threads of portal/gunicorn.py, so that pages always find one.
ROOM = threading.BoundedSemaphore(2)


def answer(files: Sequence[SnapshotFile], name: str) -> StreamingHttpResponse:
    """After `ROOM.acquire`, which is given back when the stream ends, however it does. Outside any scope."""
    response = StreamingHttpResponse(zipping.Zip(files, ROOM.release), content_type="application/zip")
    response["Content-Length"] = str(zipping.size_of(files))
    response["Content-Disposition"] = disposition(name)
    for connection in connections.all(initialized_only=True):
        # Else it would be idle, and not another request's, until the last byte is sent.
        if not connection.in_atomic_block:
            connection.close()
    return response
