"""Traps at named steps of a worker: what is sprung there kills by SIGKILL, once for each trap.

Only a worker that runs with the settings beside this file has them; the product knows nothing of it. A trap is sprung in whichever process
of the worker comes to the step first. Where the worker is killed, its supervisor goes first, so that nothing of that worker mends what
follows.
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
from django.db import transaction

from reports import jobs, legal_hold, quotas, removing
from reports.api.v1 import idempotency
from reports.aws import removal
from reports.aws.quicksight import QuickSight
from reports.delivery import carrying, packing, shipping
from reports.delivery.email import Email
from reports.delivery.sftp import Sftp
from reports.engine import claim, collect, start
from reports.engine.process import STOP_FILE
from reports.gate import reviewing, verdicts
from reports.occurrences import expanding, noting, taking, wanting
from reports.outbound import posting
from reports.restoring import mode, resuming
from reports.templates import applying
from reports.webhooks import sending

# The step at which the worker dies; or the pid file of a PostgreSQL server that dies at each step. MARKS: where sprung traps are noted.
STEP, POSTMASTER, MARKS = "FAULT_STEP", "FAULT_POSTMASTER", "FAULT_MARKS"
# The step at which a command dies.
COMMAND_STEP = "FAULT_COMMAND_STEP"
# The step at which a web process dies.
WEB_STEP = "FAULT_WEB_STEP"


def always(result: object) -> bool:
    return True


@dataclass(frozen=True)
class Step:
    """Reached once `owner.name` has returned something that fulfils `when`; with `committed` after the transaction around it."""

    owner: object
    name: str
    when: Callable[..., object] = always
    committed: bool = False

    def install(self, spring: Callable[[], None]) -> None:
        original = getattr(self.owner, self.name)

        def trapped(*args, **kwargs):
            result = original(*args, **kwargs)
            if self.when(result):
                transaction.on_commit(spring) if self.committed else spring()
            return result

        setattr(self.owner, self.name, trapped)


STEPS: dict[str, Step] = {
    "claimed": Step(claim, "claim", when=bool, committed=True),
    "id committed": Step(start, "_prepare", when=lambda request: request is not None),
    "started": Step(QuickSight, "start_snapshot"),
    "start saved": Step(start, "_accepted", committed=True),
    # It answers once the job has ended, and raises before that.
    "looked at": Step(QuickSight, "snapshot_result"),
    "collected": Step(collect, "_check"),
    "row saved": Step(collect, "_complete", committed=True),
}
# Of a mail: the worker dies before it leaves, or before anybody wrote down that it left.
MAIL_STEPS: dict[str, Step] = {
    "mail prepared": Step(carrying, "_prepare", when=lambda prepared: prepared is not None),
    "mail sent": Step(Email, "send"),
}
# Of a webhook's message: before it leaves, or after the receiver took it and before anybody wrote that down.
WEBHOOK_STEPS: dict[str, Step] = {
    "webhook prepared": Step(sending, "prepare", when=lambda message: message is not None),
    "webhook posted": Step(posting, "post"),
}
# Of files for a destination: before anything leaves, when one is whole there and about to get its name, when all have theirs.
SHIPPING_STEPS: dict[str, Step] = {
    "files packed": Step(packing, "pack", when=lambda packed: packed is not None),
    "file whole": Step(shipping, "_note"),
    "files placed": Step(Sftp, "send"),
}

# Of a review: while its files are looked into, after the verdict is reached, or once it is written.
GATE_STEPS: dict[str, Step] = {
    "review taken": Step(reviewing, "_prepare", when=lambda task: task is not None),
    "files judged": Step(reviewing, "judge"),
    "verdict written": Step(verdicts, "write", committed=True),
}

# Of a planned instant: on its way to an occurrence, and from there to jobs and deliveries.
PLAN_STEPS: dict[str, Step] = {
    "noted": Step(noting, "_write"),
    "note committed": Step(noting, "_write", committed=True),
    "taken": Step(taking, "_take", when=bool, committed=True),
    "jobs made": Step(wanting, "make_jobs"),
    "expanded": Step(expanding, "_make"),
    "expansion committed": Step(expanding, "_make", committed=True),
}

# Of what removes and moves files: after S3 has done it, before the row says so, or after both.
KEEP_STEPS: dict[str, Step] = {
    "objects removed": Step(removing, "remove"),
    "object copied": Step(removal, "copy"),
    "object moved": Step(legal_hold, "move", when=bool),
}

# Of what brings a template about in a tenant: it is taken, its schedule is written, all of it is committed.
TEMPLATE_STEPS: dict[str, Step] = {
    "use taken": Step(applying, "_take", when=bool),
    "schedule made": Step(applying, "_bring_about"),
    "template applied": Step(applying, "_apply"),
}
# Of a web process that creates a job for a program: before and after it is stored, after the answer is, and after the commit.
WEB_STEPS: dict[str, Step] = {
    "quota taken": Step(quotas, "take_jobs"),
    "job stored": Step(jobs, "_announce"),
    "answer stored": Step(idempotency, "once"),
    "job committed": Step(jobs, "_announce", committed=True),
}
# Of `manage.py restored --resume`, which is a process of its own.
RESUME_STEPS: dict[str, Step] = {
    "mails ended": Step(resuming, "_end_mails"),
    "company reconciled": Step(resuming, "_reconcile"),
    "mode ended": Step(mode, "end"),
}


def install() -> None:
    if step := os.environ.get(COMMAND_STEP):
        RESUME_STEPS[step].install(lambda: os.kill(os.getpid(), signal.SIGKILL))
    if step := os.environ.get(WEB_STEP):
        WEB_STEPS[step].install(lambda step=step: kill_self(step))
    if step := os.environ.get(STEP):
        steps = STEPS | MAIL_STEPS | WEBHOOK_STEPS | SHIPPING_STEPS | GATE_STEPS | PLAN_STEPS | KEEP_STEPS | TEMPLATE_STEPS
        steps[step].install(lambda: kill_worker(step))
    if os.environ.get(POSTMASTER):
        for name, step in STEPS.items():
            step.install(lambda name=name: kill_postmaster(name))


def kill_self(step: str) -> None:
    if _first_at(step):
        os.kill(os.getpid(), signal.SIGKILL)


def kill_worker(step: str) -> None:
    if _first_at(step):
        note = Path(os.environ[STOP_FILE]).with_suffix("")
        os.kill(int(note.read_text()), signal.SIGKILL)
        os.killpg(0, signal.SIGKILL)


def kill_postmaster(step: str) -> None:
    """Not one that another step has just killed: a call that needs no database may return meanwhile, and would be counted as a death.

    One trap at a time, and until the server is gone: two that both saw it alive would be one death.
    """
    note = Path(os.environ[POSTMASTER])
    with open(note.with_suffix(".trap"), "w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        process = int(note.read_text().split()[0])
        if _lives(process) and _first_at(step):
            os.kill(process, signal.SIGKILL)
            while _lives(process):
                time.sleep(0.01)


def _lives(process: int) -> bool:
    return psutil.pid_exists(process) and psutil.Process(process).status() != psutil.STATUS_ZOMBIE


def sprung(marks: Path) -> set[str]:
    return {path.name for path in marks.iterdir()}


def _first_at(step: str) -> bool:
    try:
        os.close(os.open(Path(os.environ[MARKS]) / step, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True
