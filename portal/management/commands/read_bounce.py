"""`manage.py read_bounce`: takes in one returned mail from standard input, as a mail server hands it to a command."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import Error
from django.utils import timezone

from reports.delivery import dsn


class Command(BaseCommand):
    help = "Takes in one returned mail (RFC 3464) from standard input. Exits with 75 when the mail server should hand it over again later."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--recipient", default="", help="the address it came to, such as bounces+<id>@mail.example")

    def handle(self, *args: Any, **options: Any) -> None:
        raw = sys.stdin.buffer.read(dsn.MOST_BYTES + 1)
        try:
            changed = dsn.read(raw, timezone.now(), recipient=options["recipient"])
        except Error:
            self.stderr.write("The database does not answer; the returned mail was not taken in.")
            sys.exit(os.EX_TEMPFAIL)
        # What is not ours ends well too: a mail server would return the returned mail otherwise.
        self.stdout.write(f"Taken in; {changed} changed." if changed else "Nothing changed.")
