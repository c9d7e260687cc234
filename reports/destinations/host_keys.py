"""The key by which an SFTP server proves that it is the one it was before. A person looks at it and pins it; none is taken silently."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime

import asyncssh
from django.utils.translation import gettext as _

from reports.destinations.checking import reach_host
from reports.models import Destination
from reports.refused import Place, Refused
from tenants.audit import Actor, record

SECONDS = 10
MOST_LINE = 2000
# Without DSA, and RSA only as it is signed with SHA-2 today.
ALGORITHMS = [
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256"
]  # fmt: skip


def fetch(host: str, port: int) -> str:
    """What the server shows now, as `ssh-ed25519 AAAA…`. Calls it, so in no transaction.

    Raises Refused: address_refused, invalid_config, server_unreachable.
    """
    last = _("It did not answer.")
    for address in reach_host(host, port):
        try:
            key = asyncio.run(asyncio.wait_for(_ask(address, port), SECONDS))
        except (OSError, TimeoutError, asyncssh.Error) as error:
            last = str(error) or last
            continue
        if key is not None:
            return line_of(key)
    detail = _("%(host)s, port %(port)d, did not show a key: %(why)s") % {"host": host, "port": port, "why": last}
    raise Refused("server_unreachable", detail, (Place(("config", "host"), "invalid", detail),))


def read(line: str, place: tuple[str, ...] = ("config", "host_key")) -> str:
    """The line without its comment. Raises Refused: invalid_host_key."""
    with contextlib.suppress(asyncssh.KeyImportError, ValueError):
        if len(line) <= MOST_LINE:
            return line_of(asyncssh.import_public_key(line.strip()))
    detail = _("This is not the public key of a server, such as ssh-ed25519 AAAA…")
    raise Refused("invalid_host_key", detail, (Place(place, "invalid", detail),))


def fingerprint(line: str) -> str:
    """`SHA256:…`, as servers' operators read it out; empty: none is pinned."""
    return asyncssh.import_public_key(line).get_fingerprint() if line else ""


def pin(destination: Destination, actor: Actor, line: str, *, now: datetime) -> bool:
    """From now on nothing goes to a server with another key. False: it was pinned before. In the tenant's scope.

    A stopped destination goes on once a test has passed.
    """
    row = Destination.objects.select_for_update().get(tenant=destination.tenant_id, pk=destination.pk)
    line, before = read(line), row.config.get("host_key", "")
    if row.kind != Destination.Kind.SFTP or line == before:
        return False
    # What a test said of it before it could reach the server says nothing any more.
    status = row.status if row.status == Destination.Status.STOPPED else Destination.Status.UNTESTED
    Destination.objects.filter(tenant=row.tenant_id, pk=row.pk).update(config=row.config | {"host_key": line}, status=status)
    destination.refresh_from_db(fields=["config", "status", "version", "updated_at"])
    facts = {"before": {"host_key": fingerprint(before)}, "after": {"host_key": fingerprint(line)}}
    record(actor, "destination.host_key_pinned", now=now, tenant=row.tenant_id, about=destination, **facts)
    return True


def line_of(key: asyncssh.SSHKey) -> str:
    algorithm, body, *_comment = key.export_public_key().decode().split()
    return f"{algorithm} {body}"


async def _ask(address: str, port: int) -> asyncssh.SSHKey | None:
    return await asyncssh.get_server_host_key(address, port, config=None, server_host_key_algs=ALGORITHMS)
