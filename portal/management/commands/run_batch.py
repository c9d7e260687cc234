"""`manage.py run_batch FILE.csv --tenant SLUG`: a job for each line of a file, all of them or none."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.pause_subjects import tenant_named
from reports.batches import checking, counting, making, table
from reports.batches.checking import Checked
from reports.models import Batch, SnapshotJob
from reports.refused import Refused
from tenants.audit import Actor
from tenants.models import Tenant
from tenants.scope import tenant_scope

ACTOR = Actor("run_batch")
LOOK_SECONDS = 1.0
MOST_NAMED = 20


class Command(BaseCommand):
    help = "Asks for a job for each line of a CSV file, all of them or none. docs/integrations.md has the columns."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--tenant", metavar="SLUG", required=True)
        parser.add_argument("--reference", metavar="TEXT", default="", help="your own word for the batch")
        parser.add_argument("--dry-run", action="store_true", help="check all lines, make nothing")
        parser.add_argument("--wait", action="store_true", help="until all jobs have ended; fails if one of them gave no files")

    def handle(self, *args: Any, file: Path, reference: str, dry_run: bool, wait: bool, **options: Any) -> None:
        tenant = tenant_named(options["tenant"])
        try:
            rows = table.read(file.read_bytes())
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        except Refused as refused:
            raise CommandError(f"{file}: {refused.detail}") from refused
        batch = self._make(tenant, reference, rows, dry_run)
        if batch and wait:
            self._wait(batch)

    def _make(self, tenant: Tenant, reference: str, rows: list[table.Row], dry_run: bool) -> Batch | None:
        """None: a dry run. Raises CommandError, with every bad line named before it."""
        now = timezone.now()
        try:
            with tenant_scope(tenant):
                items = table.items_of(tenant, rows)
                # Here without an end to the list: whoever has the file mends all of it at once.
                lines = checking.check(tenant, ACTOR, reference, items, now, most_places=None)
                batch = None if dry_run else making.create(tenant, ACTOR, reference, items, now)
        except Refused as refused:
            for fault in table.faults(rows, (place for place in refused.places if len(place.path) > 1)):
                self.stderr.write(str(fault))
            raise CommandError(refused.detail) from refused
        self.stdout.write(_summary(lines) + (f" Batch {batch.pk}." if batch else " Dry run: nothing was made."))
        return batch

    def _wait(self, batch: Batch) -> None:
        """Raises CommandError if a job gave no files. Interrupted, the batch goes on."""
        told = None
        while True:
            with tenant_scope(batch.tenant_id):
                counts = counting.count(batch)
            if counts != told:
                self.stdout.write(f"{counts.ended} of {counts.total} ended: {counts.completed} completed, {_rest(counts)}.")
                self.stdout.flush()
                told = counts
            if counts.status == "finished":
                break
            time.sleep(LOOK_SECONDS)
        if counts.completed < counts.total:
            self._tell_failed(batch)
            raise CommandError(f"{counts.total - counts.completed} of {counts.total} jobs gave no files.")

    def _tell_failed(self, batch: Batch) -> None:
        with tenant_scope(batch.tenant_id):
            without = SnapshotJob.objects.filter(tenant=batch.tenant_id, batch=batch).exclude(status=SnapshotJob.Status.COMPLETED)
            for job in without.order_by("created_at", "id")[:MOST_NAMED]:
                self.stderr.write(f"{job.reference or job.pk}: {job.failure_text or job.get_status_display()}")


def _rest(counts: counting.Counts) -> str:
    return f"{counts.failed} failed, {counts.cancelled} cancelled"


def _summary(lines: list[Checked]) -> str:
    reports = len({line.job.report_id for line in lines})
    mails = sum(len(line.addresses) for line in lines)
    people = len({address for line in lines for address in line.addresses})
    return f"Jobs: {len(lines)}, of {reports} report(s). Mails: {mails}, to {people} people."
