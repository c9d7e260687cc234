"""A trap for a worker: at one named step its processes die by SIGKILL, once.

Only a worker that runs with the settings beside this file has it; the product knows nothing of it. It is sprung in whichever process of
the worker comes to the step first. The supervisor goes first, so that nothing of that worker mends what follows.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

from django.db import transaction

from reports.aws.quicksight import QuickSight
from reports.engine import claim, collect, pump, start

STEP, MARK = "FAULT_STEP", "FAULT_MARK"


def kill_once() -> None:
    try:
        os.close(os.open(os.environ[MARK], os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    note = Path(os.environ[pump.STOP_FILE]).with_suffix("")
    os.kill(int(note.read_text()), signal.SIGKILL)
    os.killpg(0, signal.SIGKILL)


def always(result: object) -> bool:
    return True


def after(owner: object, name: str, *, when: Callable[..., object] = always, committed: bool = False) -> Callable[[], None]:
    """Springs once `owner.name` has returned something that fulfils `when`; with `committed` after the transaction around it."""

    def install() -> None:
        original = getattr(owner, name)

        def trapped(*args, **kwargs):
            result = original(*args, **kwargs)
            if when(result):
                transaction.on_commit(kill_once) if committed else kill_once()
            return result

        setattr(owner, name, trapped)

    return install


STEPS: dict[str, Callable[[], None]] = {
    "claimed": after(claim, "claim", when=bool, committed=True),
    "id committed": after(start, "_prepare", when=lambda request: request is not None),
    "started": after(QuickSight, "start_snapshot"),
    "start saved": after(start, "_accepted", committed=True),
    "looked at": after(QuickSight, "snapshot_status", when=lambda told: told.is_terminal),
    "collected": after(collect, "_check"),
    "row saved": after(collect, "_complete", committed=True),
}
