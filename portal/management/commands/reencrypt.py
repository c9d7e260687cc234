"""`manage.py reencrypt`: after PORTAL_ENCRYPTION_KEYS got a new first key, before the old one is taken away."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.reencrypting import reencrypt


class Command(BaseCommand):
    help = "Encrypts secrets in the database with the newest key. May be run at any time, and again."

    def handle(self, *args: Any, **options: Any) -> None:
        told = reencrypt()
        self.stdout.write(f"Encrypted with the newest key: {told.done} row(s).")
        if told.unreadable:
            raise CommandError(
                f"No key in use reads {len(told.unreadable)} row(s) of mfa_authenticator: {', '.join(map(str, told.unreadable))}. "
                "Add the key that they were encrypted with to PORTAL_ENCRYPTION_KEYS. If it is lost, remove the rows: "
                "their people set up a second step again."
            )
        if told.unreadable_companies:
            companies = ", ".join(told.unreadable_companies)
            raise CommandError(
                f"No key in use reads what addresses are hashed with, of the companies {companies}. Add the key it was encrypted with to "
                "PORTAL_ENCRYPTION_KEYS: without it no mail of theirs leaves, because somebody who was erased may have stopped it."
            )
        if told.unreadable_webhooks:
            raise CommandError(
                f"No key in use reads the secrets of the webhooks {', '.join(told.unreadable_webhooks)}. Add the key that they were "
                "encrypted with to PORTAL_ENCRYPTION_KEYS. If it is lost, nothing is sent to them: their companies have to delete them and "
                "make new ones."
            )
        if told.unreadable_destinations:
            destinations = ", ".join(told.unreadable_destinations)
            raise CommandError(
                f"No key in use reads the secrets of the destinations {destinations}. Add the key that they were encrypted with to "
                "PORTAL_ENCRYPTION_KEYS. If it is lost, nothing is sent to them until their companies type the secrets anew."
            )
