"""Faults asked for over the control endpoint and met by the next calls."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

ANY = "*"


@dataclass
class Fault:
    """`kind`: error (answer `code`/`status`), drop (close unanswered), accept_then_drop, hang (wait `seconds`).

    `dashboard` narrows it to calls about that one.
    """

    kind: str
    operation: str = ANY
    dashboard: str = ANY
    times: int = 1
    code: str = "InternalFailureException"
    status: int | None = None
    seconds: float = 0.0


@dataclass
class JobFault:
    """What becomes of the next accepted jobs: FAILED with an error, stuck, or a wrong result."""

    kind: str  # failed | stuck | one of RESULT_VARIANTS
    times: int = 1
    dashboard: str = ANY
    error_type: str = "INTERNAL_FAILURE"
    message: str = "The snapshot could not be generated."


@dataclass
class Faults:
    calls: list[Fault] = field(default_factory=list)
    jobs: list[JobFault] = field(default_factory=list)
    outage_status: int | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next_call(self, kind: str, operation: str, dashboard_id: str, *, by_name: bool = False) -> Fault | None:
        """`by_name`: what was meant for any operation is not for this one."""
        wanted = (operation,) if by_name else (operation, ANY)
        with self._lock:
            for fault in self.calls:
                fits = fault.kind == kind and fault.operation in wanted and fault.dashboard in (dashboard_id, ANY)
                if fits and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def next_job(self, dashboard_id: str) -> JobFault | None:
        with self._lock:
            for fault in self.jobs:
                if fault.dashboard in (dashboard_id, ANY) and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def clear(self) -> None:
        with self._lock:
            self.calls.clear()
            self.jobs.clear()
            self.outage_status = None
