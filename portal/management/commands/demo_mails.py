from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.local import demo
from portal.local.first_mails import FirstMailFailed, follow_all
from portal.local.visitor import DownloadFailed


class Command(BaseCommand):
    help = "Part of `make demo`: wait for the first mails of its schedules, and download the files behind their links."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--began", type=float, default=time.time(), help="when the demo began, in seconds since the epoch")

    def handle(self, *args: Any, began: float, **options: Any) -> None:
        try:
            follow_all(began, lambda text: self.stdout.write(demo.line(began, text)))
        except (FirstMailFailed, DownloadFailed, OSError) as error:
            raise CommandError(str(error)) from error
