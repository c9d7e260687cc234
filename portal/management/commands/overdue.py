"""`manage.py overdue`: whether anything that was due was not done, and telling people so, without the worker."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal.logs import without_secrets
from reports.delivery import email_url
from reports.overdue.watching import watch

SHORTEST = 10


class Command(BaseCommand):
    help = "Print what was due and was not done, and tell PORTAL_ALERT_WEBHOOK and staff. Ends with 1 if there is anything."
    # They would stop it where it is needed most.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--every", type=int, metavar="SECONDS", help="look again and again, until SIGTERM; 60 is a good pace")

    def handle(self, *args: Any, every: int | None, **options: Any) -> None:
        if not settings.PORTAL_ALERT_WEBHOOK and not email_url.setup():
            self.stderr.write("Nobody is told: neither PORTAL_ALERT_WEBHOOK nor EMAIL_URL is set.")
        if every is None:
            self._once()
        elif every < SHORTEST:
            raise CommandError(f"--every takes {SHORTEST} seconds or more.")
        else:
            _again_and_again(every)

    def _once(self) -> None:
        causes, tellers = watch()
        for cause in causes:
            self.stdout.write(without_secrets(f"{cause.code} {cause.subject}".strip() + f": {cause.sentence}"))
        self.stdout.flush()
        for thread in tellers:
            thread.join()
        if causes:
            raise CommandError("It lasts." if len(causes) == 1 else f"All {len(causes)} last.")
        self.stdout.write("Nothing is overdue.")


def _again_and_again(seconds: int) -> None:
    """What is found and what is over stands in the log."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while True:
        watch()
        if stop.wait(seconds):
            return
