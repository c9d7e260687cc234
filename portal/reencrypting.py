"""Brings secrets in the database under the newest encryption key, row by row, while the portal runs."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.db import transaction

from portal.second_step_secrets import place
from reports.destinations import secrets as destination_secrets
from reports.erasing import hashing
from reports.models import Destination, Webhook
from reports.webhooks import secrets
from tenants.encryption import Unreadable, decrypt, encrypt, is_current
from tenants.models import TenantCode
from tenants.scope import tenant_scope

SEALED = ("secret", "seed")


@dataclass
class Told:
    done: int = 0
    # Numbers of rows that no key in use reads.
    unreadable: tuple[int, ...] = ()
    # Codes of companies whose key for addresses none reads.
    unreadable_companies: tuple[str, ...] = ()
    # Ids of webhooks whose secrets none reads.
    unreadable_webhooks: tuple[str, ...] = ()
    # Ids of destinations whose secrets none reads.
    unreadable_destinations: tuple[str, ...] = ()


def reencrypt() -> Told:
    """Each row in a transaction of its own: one that was done stays done, and nobody waits at sign-in for longer than one row."""
    told = Told()
    for number in Authenticator.objects.order_by("pk").values_list("pk", flat=True):
        try:
            told.done += _renew(number)
        except Unreadable:
            told.unreadable += (number,)
    for code, tenant_id in TenantCode.objects.order_by("code").values_list("code", "tenant_id"):
        try:
            with tenant_scope(tenant_id):
                told.done += hashing.renew(tenant_id)
        except Unreadable:
            told.unreadable_companies += (code,)
        _renew_webhooks(tenant_id, told)
        _renew_destinations(tenant_id, told)
    return told


def _renew_webhooks(tenant_id: uuid.UUID, told: Told) -> None:
    with tenant_scope(tenant_id):
        webhooks = list(Webhook.objects.filter(tenant=tenant_id))
    for webhook in webhooks:
        try:
            with tenant_scope(tenant_id):
                told.done += secrets.renew(webhook)
        except Webhook.DoesNotExist:
            continue
        except Unreadable:
            told.unreadable_webhooks += (str(webhook.pk),)


def _renew_destinations(tenant_id: uuid.UUID, told: Told) -> None:
    with tenant_scope(tenant_id):
        rows = list(Destination.objects.filter(tenant=tenant_id).exclude(sealed_secret=""))
    for row in rows:
        try:
            with tenant_scope(tenant_id):
                told.done += destination_secrets.renew(row)
        except Destination.DoesNotExist:
            continue
        except Unreadable:
            told.unreadable_destinations += (str(row.pk),)


@transaction.atomic
def _renew(number: int) -> bool:
    row = Authenticator.objects.select_for_update().filter(pk=number).first()
    old = [name for name in SEALED if row and name in row.data and not is_current(row.data[name])]
    if row is None or not old:
        return False
    for name in old:
        row.data[name] = encrypt(decrypt(row.data[name], place(row.user_id)), place(row.user_id))
    row.save(update_fields=["data"])
    return True
