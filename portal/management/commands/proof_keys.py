"""`manage.py proof_keys`: the public keys that check signed proofs, as JSON."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand

from tenants import signing


class Command(BaseCommand):
    help = "Print the public keys that check signed proofs. They may be given to anybody."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(json.dumps({"ed25519": signing.public_keys()}, indent=2))
