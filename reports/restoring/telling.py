"""The plan in words, for the command: counts for each company, and with `verbose` each run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from reports.restoring.findings import Findings, Instant
from reports.restoring.plan import Plan


def lines(plan: Plan, *, verbose: bool) -> Iterator[str]:
    row, known = plan.installation, plan.evidence
    assert row.restored_at
    assert row.backup_at
    yield f"This database is a backup of about {_at(row.backup_at)} ({row.get_because_display()}), found out at {_at(row.restored_at)}."
    yield "Nothing is noted, started or mailed until --resume."
    yield f"The send log knows {len(known.log.left)} messages that left since."
    for gap in known.gaps:
        until = _at(gap.until) if gap.until else "today"
        yield f"From {_at(gap.since)} to {until} it was not written: runs of that time that it does not know are held."
    for found in plan.tenants:
        yield from _of_tenant(found, verbose=verbose)
    yield (
        f"Left alone: files of jobs that this database does not know: {plan.strangers.jobs} jobs, {plan.strangers.files} files, "
        f"{plan.strangers.size_bytes:,} bytes."
    )
    yield "Not known any more: schedules, recipients and settings that were changed after the backup."


def _of_tenant(found: Findings, *, verbose: bool) -> Iterator[str]:
    partly = sum(bool(run.waits_for) for run in found.sent)
    yield (
        f"{found.tenant.name}: runs to be made {len(found.run)}, sent before {len(found.sent) - partly}, sent in part {partly}, "
        f"held {len(found.held)}, missed by their policy {len(found.missed)}; mails to be sent {found.due_mails}, sent before "
        f"{len(found.sent_mails)}, held {len(found.held_mails)}; jobs asked about {found.asked}, begun anew {found.begun}"
    )
    if verbose:
        for run in found.sent:
            rest = f", waits for {run.waits_for} more" if run.waits_for else ""
            yield f"  sent before: schedule {run.schedule_id}, {_at(run.planned_at)}, mails {len(run.lines)}{rest}"
        yield from _instants("to be made", found.run)
        yield from _instants("held", found.held)
        yield from _instants("missed", found.missed)
        yield from (f"  mail sent before: {line.message_id} at {_at(line.at)}" for line in found.sent_mails.values())
        yield from (f"  mail held: {pk}" for pk in found.held_mails)


def _instants(what: str, instants: Iterable[Instant]) -> Iterator[str]:
    yield from (
        f"  {what}: schedule {schedule_id}, {_at(planned_at)}" for schedule_id, planned_at in sorted(instants, key=lambda at: at[1])
    )


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}Z"
