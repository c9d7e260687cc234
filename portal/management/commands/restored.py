"""`manage.py restored`: after a backup was restored, shows what is to be done, and lets the portal go on."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reports.aws.errors import AwsError
from reports.engine.clock import DatabaseClock
from reports.models import Installation
from reports.restoring import mode, plan, resuming, telling
from reports.restoring.plan import NotRestored
from tenants.audit import Actor

SURE = "mail everything again"


class Command(BaseCommand):
    help = "After a backup was restored: shows what is to be done and changes nothing. See docs/operations.md, After a restore."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--resume", action="store_true", help="do what is shown, and go on. May be repeated if it was interrupted")
        what.add_argument("--begin", action="store_true", help="say that this database was restored, where that was not noticed")
        what.add_argument("--discard", action="store_true", help="go on without looking what was sent before")
        parser.add_argument("--backup-at", type=_moment, metavar="TIME", help="with --begin: when the backup was made, 2026-03-02T02:00Z")
        parser.add_argument("--unlogged-since", type=_moment, metavar="TIME", help="S3 could not be reached from then on: hold those runs")
        parser.add_argument("--verbose", action="store_true", help="each run and mail, not only how many")

    def handle(self, *args: Any, **options: Any) -> None:
        clock = DatabaseClock()
        clock.synchronise()
        now, actor = clock(), Actor("manage.py restored")
        try:
            if options["begin"]:
                self._begin(actor, options["backup_at"], now)
            elif options["discard"]:
                self._discard(actor, now)
            elif options["resume"]:
                done = resuming.resume(actor, now, options["unlogged_since"])
                self.stdout.write("Done: " + ", ".join(f"{name.replace('_', ' ')} {number}" for name, number in done.items()) + ".")
                self.stdout.write("The portal goes on.")
            else:
                made = plan.make(mode.installation(), now, options["unlogged_since"])
                for line in telling.lines(made, verbose=options["verbose"]):
                    self.stdout.write(line)
        except NotRestored:
            raise CommandError("This database is not known to be a backup: nothing is held. If it is one, say so by --begin.") from None
        except AwsError as error:
            raise CommandError(f"S3 does not say what was sent, so nothing was changed: {error}") from error

    def _begin(self, actor: Actor, backup_at: datetime | None, now: datetime) -> None:
        if backup_at is None or backup_at > now:
            raise CommandError(
                "Say when the backup was made, with its zone: --backup-at 2026-03-02T02:00+01:00. What came later is looked at."
            )
        if not mode.begin(Installation.Because.DECLARED, actor, backup_at=backup_at):
            raise CommandError("It is known already. `manage.py restored` shows what is to be done.")
        self.stdout.write("Nothing is noted, started or mailed any more. `manage.py restored` shows what is to be done.")

    def _discard(self, actor: Actor, now: datetime) -> None:
        self.stdout.write("What is due in this database will be run and mailed, although it may have been mailed before.")
        self.stdout.write(f"Type “{SURE}” to go on so:")
        if input().strip() != SURE:
            raise CommandError("Nothing was changed.")
        resuming.discard(actor, now)
        self.stdout.write("The portal goes on.")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text} is no time; write it as 2026-03-02T02:00Z") from None
    if moment.tzinfo is None:
        raise ArgumentTypeError(f"{text} has no zone; write it as 2026-03-02T02:00Z or with +01:00")
    return moment
