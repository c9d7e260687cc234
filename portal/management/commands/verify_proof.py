"""`manage.py verify_proof FILE`: whether a signed proof is as it was signed. Needs no database and no network."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tenants import signing


class Command(BaseCommand):
    help = "Check a signed proof, offline."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--keys", type=Path, help="What /proof-keys.json answered. Default: the keys of this installation.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            keys = json.loads(options["keys"].read_text())["ed25519"] if options["keys"] else signing.public_keys()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CommandError(f"{options['keys']} holds no keys as /proof-keys.json answers them.") from error
        try:
            text = signing.verify(options["file"].read_bytes(), keys)
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}.") from error
        except signing.NotSigned as fault:
            raise CommandError(f"NOT GOOD. {fault}") from fault
        told = json.loads(text)
        self.stdout.write(
            f"GOOD. {told['file']['name']} of {told['company']['name']}, SHA-256 {told['file']['sha256']}, {told['verdict']}."
        )
