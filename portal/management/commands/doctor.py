"""`manage.py doctor`: what works, what does not, and what to do about it; `--job ID`: everything that is known about one job."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from portal.doctor.examination import examine
from portal.doctor.finding import FAIL
from portal.doctor.job_facts import UnknownJob, find_job
from portal.doctor.job_lines import told
from portal.logs import without_secrets


class Command(BaseCommand):
    help = "One line for each check, with the remedy. Ends with 1 if one of them failed."
    # They would stop it where it is needed most.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--job", metavar="ID", help="tell all about this job: its id, or the beginning of it")

    def handle(self, *args: Any, job: str | None, **options: Any) -> None:
        if job is not None:
            self._tell(job)
            return
        failed = 0
        for check, finding in examine():
            failed += finding.level == FAIL
            self.stdout.write(without_secrets(finding.line(check.name)))
            self.stdout.flush()
        if failed:
            raise CommandError(f"{failed} of these failed.")

    def _tell(self, text: str) -> None:
        try:
            for line in told(find_job(text)):
                self.stdout.write(without_secrets(line))
        except UnknownJob as error:
            raise CommandError(str(error)) from error
        except OperationalError as error:
            raise CommandError(f"The database does not answer: {error}") from error
