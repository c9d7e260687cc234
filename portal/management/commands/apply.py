"""`manage.py apply FILE`: brings the platform to the state that a TOML file describes."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from portal.platform_file.applying import Outcome, apply_file
from portal.platform_file.faults import PlatformFileError
from reports.engine.clock import DatabaseClock


class Command(BaseCommand):
    help = "Brings accounts, reports, tenants and staff to the state that FILE describes. See docs/platform-file.md."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--dry-run", action="store_true", help="print the plan, change nothing")
        parser.add_argument(
            "--skip-preflight", action="store_true", help='do not ask QuickSight; new and changed reports are "not checked"'
        )

    def handle(self, *args: Any, file: Path, dry_run: bool, skip_preflight: bool, **options: Any) -> None:
        # What preflight finds is believed by the database's clock, like everything the engine compares.
        clock = DatabaseClock()
        clock.synchronise()
        try:
            outcome = apply_file(file, environ=os.environ, now=clock(), dry_run=dry_run, skip_preflight=skip_preflight)
        except PlatformFileError as error:
            faults = len(error.sentences)
            raise CommandError("\n".join([*error.sentences, _("Nothing was applied: %(n)d fault(s).") % {"n": faults}])) from error
        self._tell(outcome, dry_run)

    def _tell(self, outcome: Outcome, dry_run: bool) -> None:
        for line in [*outcome.lines, *outcome.notes]:
            self.stdout.write(line)
        if not outcome.lines:
            self.stdout.write(_("no changes"))
        elif dry_run:
            self.stdout.write(_("Dry run: nothing was applied."))
        else:
            self.stdout.write(_("Applied: %(n)d change(s).") % {"n": len(outcome.lines)})
        for line in outcome.shown_once:
            self.stdout.write(line)
