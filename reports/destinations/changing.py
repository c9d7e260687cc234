"""Changing a destination. A secret goes to nobody but whom it was given for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from reports.destinations import checking, making, secrets
from reports.destinations.config import OUR_KEY
from reports.destinations.making import Wanted
from reports.models import Destination
from tenants.audit import Actor, record

Kind, Status = Destination.Kind, Destination.Status
STORED = ["name", "config", "sealed_secret", "secret_set_at", "status", "failure_code", "failing_since", "last_test"]


def change(destination: Destination, actor: Actor, wanted: Wanted, *, now: datetime) -> bool:
    """The whole value; without a secret the old one stays, unless it would go to another server. After checking.reach.

    False: it was so before. In the tenant's scope. Raises Refused: invalid_config, bad_pattern, role_refused, secret_required,
    destination_exists.
    """
    members = checking.checked(destination.kind, wanted.config)
    making.one_at_a_time(destination.tenant_id)
    row = Destination.objects.select_for_update().select_related("tenant").get(tenant=destination.tenant_id, pk=destination.pk)
    before, old = making.facts(row), row.config
    if wanted.name != row.name:
        row.name = making.free_name(Destination.objects.filter(tenant=row.tenant_id).exclude(pk=row.pk), wanted.name)
    row.config = old | members
    if _is_elsewhere(old, row):
        row.config |= {"host_key": ""}
    is_new_secret = _needs_secret(old, row, wanted)
    if is_new_secret:
        _set_secret(row, making.secret_of(row, wanted.secret), now)
    after = making.facts(row)
    if after == before and not is_new_secret:
        return False
    if row.config != old or is_new_secret:
        _forget_test(row)
    row.save(update_fields=STORED)
    destination.refresh_from_db(fields=[*STORED, "version", "updated_at"])
    said = {"new_secret": True} if is_new_secret else {}
    record(actor, "destination.changed", now=now, tenant=row.tenant_id, about=destination, before=before, after=after | said)
    return True


def _is_elsewhere(old: dict[str, Any], row: Destination) -> bool:
    """Another server: what we know and hold of the old one says nothing there, and is none of its business."""
    return row.kind == Kind.SFTP and (old.get("host"), old.get("port")) != (row.config["host"], row.config["port"])


def _needs_secret(old: dict[str, Any], row: Destination, wanted: Wanted) -> bool:
    if row.kind == Kind.S3:
        return False
    if row.kind == Kind.SFTP:
        changed = old.get("sign_in") != row.config["sign_in"]
        if row.config["sign_in"] == OUR_KEY:
            # Of our own key another server learns nothing.
            return changed
        return changed or bool(wanted.secret) or _is_elsewhere(old, row)
    return bool(wanted.secret)


def _set_secret(row: Destination, secret: str, now: datetime) -> None:
    if row.kind == Kind.SFTP and row.config["sign_in"] != OUR_KEY:
        row.config = row.config | {"public_key": ""}
    row.sealed_secret, row.secret_set_at = secrets.seal(row, secret), now


def _forget_test(row: Destination) -> None:
    """What a test showed was another destination. One that is stopped stays so until a test has passed."""
    row.last_test = None
    if row.status != Status.STOPPED:
        row.status, row.failure_code, row.failing_since = Status.UNTESTED, "", None
