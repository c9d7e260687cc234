"""Making a destination, and what one may be."""

from __future__ import annotations

import secrets as random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from reports.destinations import checking, host_keys, key_pairs, secrets
from reports.destinations.config import OUR_KEY
from reports.models import Destination
from reports.models.destinations import DestinationQuerySet
from reports.refused import Place, Refused
from tenants.audit import Actor, record
from tenants.models import Tenant

Kind = Destination.Kind
MOST = 50
MOST_NAME, MOST_SECRET = 120, 1000
# With a hash of the tenant's id; other locks of the portal have numbers of their own.
LOCK_CLASS = 7208


@dataclass(frozen=True)
class Wanted:
    """`config`: what people set, see checking.DEFAULTS. `secret`: a password or a chat's URL; None: as it is, or none."""

    name: str
    config: Mapping[str, Any]
    secret: str | None = field(default=None, repr=False)
    host_key: str = ""


def create(tenant: Tenant, actor: Actor, kind: str, wanted: Wanted, *, now: datetime) -> Destination:
    """After checking.reach. In the tenant's scope.

    Raises Refused: invalid_config, bad_pattern, role_refused, secret_required, invalid_host_key, too_many_destinations, destination_exists.
    """
    row = Destination(tenant=tenant, kind=kind, created_by=actor.label[:254], created_at=now)
    row.config = checking.checked(kind, wanted.config)
    one_at_a_time(tenant.pk)
    others = Destination.objects.for_tenant(tenant)
    row.name = free_name(others, wanted.name)
    if others.count() >= MOST:
        raise Refused("too_many_destinations", _("A company has at most %(n)d destinations. Delete one that is not needed.") % {"n": MOST})
    _set_ours(row, wanted)
    secret = secret_of(row, wanted.secret)
    if secret:
        row.sealed_secret, row.secret_set_at = secrets.seal(row, secret), now
    row.save(force_insert=True)
    row.refresh_from_db(fields=["version", "updated_at"])
    record(actor, "destination.created", now=now, tenant=tenant, about=row, after=facts(row))
    return row


def secret_of(row: Destination, given: str | None) -> str:
    """The new one; of our key pair the private half, whose public half is set with it. Raises Refused: secret_required."""
    if row.kind == Kind.S3:
        return ""
    if row.kind == Kind.SFTP and row.config["sign_in"] == OUR_KEY:
        pair = key_pairs.make(f"fanfold-{row.tenant.slug}")
        row.config = row.config | {"public_key": pair.public}
        return pair.private
    if not given or len(given) > MOST_SECRET:
        detail = _("The address of the channel’s webhook is needed.") if row.is_chat else _("The password is needed.")
        raise Refused("secret_required", detail, (Place(("secret",), "required", detail),))
    return given


def free_name(others: DestinationQuerySet, name: str) -> str:
    """Raises Refused: destination_exists, invalid_config."""
    name = " ".join(name.split())[:MOST_NAME]
    if not name:
        detail = _("A destination needs a name.")
        raise Refused("invalid_config", detail, (Place(("name",), "required", detail),))
    if others.filter(name=name).exists():
        detail = _("There is a destination of this name already.")
        raise Refused("destination_exists", detail, (Place(("name",), "taken", detail),))
    return name


def facts(row: Destination) -> dict[str, Any]:
    """For the audit trail: what people set, and of keys their fingerprints."""
    told = {"kind": row.kind, "name": row.name} | {name: row.config[name] for name in checking.DEFAULTS[row.kind] if name in row.config}
    if row.kind == Kind.SFTP:
        told |= {"host_key": host_keys.fingerprint(row.config.get("host_key", ""))}
    return told


def one_at_a_time(tenant_id: uuid.UUID) -> None:
    """Until the commit: two who make the last one at once would both find room."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK_CLASS, str(tenant_id)])


def _set_ours(row: Destination, wanted: Wanted) -> None:
    """What nobody but us decides about: the role's external id is ours, so that no company can name another one's."""
    if row.kind == Kind.S3:
        row.config = row.config | {"external_id": f"fanfold-{random.token_hex(16)}"}
    if row.kind == Kind.SFTP:
        row.config = row.config | {"public_key": "", "host_key": host_keys.read(wanted.host_key) if wanted.host_key else ""}
