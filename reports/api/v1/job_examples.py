"""What the document shows of jobs."""

from __future__ import annotations

EXAMPLE = {
    "report": "daily-calls",
    "formats": ["PDF", "EXCEL"],
    "parameters": {"Region": ["North"]},
    "reference": "case-4711",
    "metadata": {"crm_id": "A-9"},
}
ANSWER = {
    "id": "5b0a6b1e-1c1f-4e53-9b0e-0d8a0a6c2f11",
    "status": "queued",
    "report": "daily-calls",
    "formats": ["PDF", "EXCEL"],
    "visuals": ["table-1"],
    "parameters": EXAMPLE["parameters"],
    "resolved_parameters": {"Region": ["North"]},
    "lane": "scheduled",
    "trigger": "api",
    "schedule": None,
    "occurrence": None,
    "batch": None,
    "audience": None,
    "retry_of": None,
    "superseded_by": None,
    "recalled_at": None,
    "reference": "case-4711",
    "metadata": {"crm_id": "A-9"},
    "queue_position": 3,
    "expected_start_at": "2026-11-23T06:00:21.000000Z",
    "expected_end_at": "2026-11-23T06:01:43.000000Z",
    "started_at": None,
    "ended_at": None,
    "deadline_at": "2026-11-23T12:00:02.317261Z",
    "release": "released",
    "failure": None,
    "files": [],
    "deliveries": {"pending": 0, "sent": 0, "failed": 0, "suppressed": 0},
    "tags": [{"key": "tenant_id", "source": "tenant"}],
    "attempts": [],
    "events": [{"at": "2026-11-23T06:00:02.317261Z", "type": "job.queued", "text": "Queued: By API key “data-lake”"}],
    "created_at": "2026-11-23T06:00:02.317261Z",
}
# In a list without what happened to it.
PAGE = {"results": [{name: value for name, value in ANSWER.items() if name not in ("attempts", "events")}], "next": None, "previous": None}
