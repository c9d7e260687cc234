"""All files of a job against the rules of its schedule. What is read from S3 and looked into is so in no transaction."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from reports.aws.clients import AccountFacts
from reports.gate.beginning import schedule_of
from reports.gate.checks.look import Seen, Unfit
from reports.gate.comparing import Figures, last_files, unusual, usual
from reports.gate.looking import look
from reports.models import Review, Schedule, SnapshotFile


@dataclass(frozen=True)
class Task:
    """What judging needs, read before it begins. `last` by the file's id."""

    schedule: Schedule
    account_id: int
    files: list[SnapshotFile]
    last: dict[str, list[Figures]]


@dataclass
class Judgement:
    """`findings` and `figures` as in Review; `seen` by the file's id, of those that opened."""

    findings: list[dict[str, Any]] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)


def task_of(review: Review) -> Task | None:
    """None: its schedule is gone, and with it the rules. In the tenant's scope."""
    job = review.job
    schedule = schedule_of(job)
    if schedule is None:
        return None
    files = list(job.files.all())
    last = {str(file.pk): last_files(schedule, job, file) for file in files}
    return Task(schedule, job.account_id, files, last)


def judge(task: Task, account: AccountFacts) -> Judgement:
    """In no transaction. Raises AwsError when S3 does not give a file."""
    judgement = Judgement()
    for file in task.files:
        _judge(file, task, account, judgement)
    return judgement


def _judge(file: SnapshotFile, task: Task, account: AccountFacts, judgement: Judgement) -> None:
    key, schedule = str(file.pk), task.schedule
    last, findings = task.last[key], list[dict[str, Any]]()
    figures = Figures(file.size_bytes, file.pages, file.data_rows)
    try:
        seen = look(file, account, schedule.must_contain)
    except Unfit as unfit:
        findings.append({"code": unfit.code})
    else:
        judgement.seen[key] = seen
        figures = Figures(file.size_bytes, seen.pages, seen.rows)
        findings += _contents(seen, schedule)
    findings += unusual(figures, last, schedule.usual_percent)
    judgement.findings += [finding | {"file": key} for finding in findings]
    judgement.figures[key] = asdict(figures) | {"usual": usual(last), "last": [one.size for one in last]}


def _contents(seen: Seen, schedule: Schedule) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if seen.pages == 0:
        found.append({"code": "no_pages"})
    # One that is skipped when it is empty is not unusual then: nothing is sent.
    if seen.rows == 0 and not schedule.skip_if_empty:
        found.append({"code": "no_rows"})
    if seen.shows is False:
        found.append({"code": "not_shown", "text": schedule.must_contain})
    return found
