"""One run of a platform file: rehearse it, ask QuickSight about what the rehearsal found, then do it in one transaction.

The rehearsal does everything and is rolled back, so that nothing about a file has to be worked out twice, and no transaction is open while
QuickSight is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import connection, transaction
from django.utils.translation import gettext as _

from portal.platform_file.accounts import apply_account
from portal.platform_file.asking import ask
from portal.platform_file.faults import Faults, PlatformFileError
from portal.platform_file.people import apply_staff
from portal.platform_file.reading import Entry, read
from portal.platform_file.reports import apply_report
from portal.platform_file.run import Preflights, Run
from portal.platform_file.tenants import apply_tenant
from reports.importing.publishing import CATALOGUE_LOCK
from reports.models import Report
from tenants.scope import platform_scope


@dataclass(frozen=True)
class Outcome:
    """The plan's lines, and what is shown once. `notes` say what a dry run could not look at."""

    lines: list[str]
    shown_once: list[str]
    notes: list[str]


def apply_file(path: Path, *, environ: Mapping[str, str], now: datetime, dry_run: bool = False, skip_preflight: bool = False) -> Outcome:
    """Raises PlatformFileError with every fault that could be found; then nothing was applied."""
    preflights: Preflights | None = None if skip_preflight else {}
    rehearsal = _pass(path, Run(now, environ, preflights), keep=False)
    notes: list[str] = []
    if preflights is not None and rehearsal.wanted:
        preflights, faults = ask(rehearsal.wanted)
        if not dry_run:
            faults.raise_any()
        notes = faults.sentences
    run = _pass(path, Run(now, environ, preflights), keep=not dry_run)
    return Outcome(run.changes.lines, [] if dry_run else run.changes.shown_once, notes)


def _pass(path: Path, run: Run, *, keep: bool) -> Run:
    """The whole file in one transaction, which is committed only when it is to be kept."""
    faults = Faults()
    entries = read(path, faults)
    with transaction.atomic():
        _lock()
        _apply(entries, run)
        faults.raise_any()
        if keep and run.preflights is not None and run.wanted.keys() - run.preflights.keys():
            raise PlatformFileError([_("The catalogue was changed by somebody else in the meantime. Run this again.")])
        run.changes.audit(run.now)
        if not keep:
            transaction.set_rollback(True)
    return run


def _apply(entries: dict[str, list[Entry]], run: Run) -> None:
    """In the order in which things refer to each other, whatever their order in the file."""
    with platform_scope():
        for entry in sorted(entries["account"], key=lambda entry: entry.absent):
            apply_account(entry, run)
        for entry in entries["report"]:
            apply_report(entry, run)
        run.reports = {report.slug: report for report in Report.objects.prefetch_related("parameters")}
    for entry in entries["staff"]:
        apply_staff(entry, run)
    for entry in entries["tenant"]:
        apply_tenant(entry, run)


def _lock() -> None:
    """Until the end of the transaction: two runs at once would each find the other's objects missing."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(%s, %s)", CATALOGUE_LOCK)
        (mine,) = cursor.fetchone()
    if not mine:
        raise PlatformFileError([_("Another apply is running, or a report is just being published. Try again when it has ended.")])
