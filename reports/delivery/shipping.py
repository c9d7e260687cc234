"""One delivery to a destination, from its lease to its outcome: packed inside its company, sent without a transaction, written down."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from django.db import InterfaceError, OperationalError, connection

from reports.after_sending import place_of, write_down
from reports.alerts import EVENT_LASTS, alert
from reports.delivery import outcomes, packing, retries, sent_log
from reports.delivery.channel import NotSent, Sent, Stops, TryLater
from reports.delivery.chat import Chat
from reports.delivery.packing import Packed
from reports.delivery.taking import Lease
from reports.delivery.traced import traced
from reports.destinations import condition
from reports.destinations.channels import channel_of
from reports.models import Delivery, Destination
from tenants import log_context
from tenants.encryption import Unreadable
from tenants.scope import tenant_scope

logger = logging.getLogger(__name__)
Clock = Callable[[], datetime]
# Longer than a channel takes (sftp.TOTAL_SECONDS), and the reading of the files before it.
LEASE_SECONDS = 900
MOST_TRIES = len(retries.TO_DESTINATIONS) + 1
UNREADABLE = (
    "What signs us in at a destination cannot be read with the keys in use, so nothing is sent there. `manage.py reencrypt` names all such "
    "destinations. Put their key back into PORTAL_ENCRYPTION_KEYS within three days: what waits is tried again until then."
)
# Say nothing of the destination.
OURS = frozenset({"internal", "file_unreadable", "credentials_unreadable"})


class TakenAway(Exception):
    """The lease was over in the middle: somebody else has the delivery by now."""


def carry(lease: Lease, clock: Clock) -> None:
    """Never raises: a fault of ours on one delivery stops no other. Runs in a thread of its own, outside any scope."""
    with log_context.about(tenant=lease.tenant_id):
        try:
            try_once(lease, clock)
        except TakenAway:
            logger.info("delivery %s: somebody else has it", lease.id)
        except (OperationalError, InterfaceError):
            # Its outcome could not be written for as long as its lease: the lease says when it is tried again.
            logger.warning("delivery %s: the database did not answer", lease.id)
        except Exception as error:
            # Without the error's own text, which may be a name or a secret.
            logger.error("delivery %s: %s in our own code at %s", lease.id, type(error).__name__, place_of(error))
            _write_down(lambda: _failed(lease, TryLater("internal"), clock()))
        finally:
            connection.close()


def try_once(lease: Lease, clock: Clock) -> None:
    if lease.tries > MOST_TRIES:
        # No try ended in order, or the last one would have ended it: whatever it does to its process, it does so no more.
        _write_down(lambda: _failed(lease, TryLater("internal"), clock()))
        return
    try:
        packed = packing.pack(lease, clock())
        if packed is None:
            return
        with traced(lease.tenant_id, lease.id, packed.kind, lease.tries, packed.traceparent):
            answer = _send(lease, packed)
    except Unreadable:
        alert("destination_unreadable", UNREADABLE, lasts=EVENT_LASTS)
        _write_down(lambda: _failed(lease, TryLater("credentials_unreadable"), clock()))
    except Stops as error:
        stops = error
        _write_down(lambda: _stopped(lease, stops, clock()))
    except NotSent as error:
        verdict = error
        _write_down(lambda: _failed(lease, verdict, clock()))
    else:
        _write_down(lambda: _sent(lease, answer, clock()))


def _send(lease: Lease, packed: Packed) -> Sent:
    """Raises NotSent, TakenAway."""
    if not connection.in_atomic_block:
        # Nobody needs it for as long as a slow server takes.
        connection.close()
    with tempfile.TemporaryDirectory(prefix="fanfold-") as folder:
        send = _sending(lease, packed, Path(folder))
        sent_log.leaving(packed.line)
        try:
            return send()
        except NotSent as error:
            if not (isinstance(error, TryLater) and error.unknown) and not _has_some(lease):
                sent_log.stayed(packed.line)
            raise


def _has_some(lease: Lease) -> bool:
    """Whether a file is there already: of this delivery something did leave."""
    with tenant_scope(lease.tenant_id):
        return Delivery.objects.filter(tenant=lease.tenant_id, pk=lease.id).exclude(placed={}).exists()


def _sending(lease: Lease, packed: Packed, folder: Path) -> Callable[[], Sent]:
    """All is read and ready, and nobody was called yet. Raises NotSent."""
    channel = channel_of(packed.kind, packed.config, packed.secret)
    if isinstance(channel, Chat):
        message = packed.message
        assert message
        return lambda: channel.send(message)
    placing, placed = partial(_note, lease, "placing"), partial(_note, lease, "placed")
    shipment = packing.shipment(lease, packed, folder, placing, placed)
    return lambda: channel.send(shipment)


def _note(lease: Lease, column: str, file_id: str, path: str) -> None:
    """At once, and only while the delivery is ours. Called from a thread of the channel's own."""
    try:
        with tenant_scope(lease.tenant_id):
            delivery = packing.held(lease).select_for_update().first()
            if delivery is None:
                raise TakenAway
            packing.held(lease).update(**{column: getattr(delivery, column) | {file_id: path}})
    finally:
        if not connection.in_atomic_block:
            connection.close()


def _sent(lease: Lease, answer: Sent, now: datetime) -> None:
    if outcomes.sent(lease, answer, now):
        with tenant_scope(lease.tenant_id):
            delivery = Delivery.objects.get(tenant=lease.tenant_id, pk=lease.id)
            if delivery.destination_id:
                condition.took(delivery.destination_id, lease.tenant_id, now)


def _failed(lease: Lease, error: NotSent, now: datetime) -> None:
    """Tried later, or given up; and what that says of the destination."""
    destination = _destination(lease)
    given_up = outcomes.not_sent(lease, error, now, retries.TO_DESTINATIONS)
    if destination is None or error.code in OURS:
        return
    with tenant_scope(lease.tenant_id):
        condition.failed(destination, error.code, now)
        if given_up:
            condition.gave_up(destination, error.code, now)


def _stopped(lease: Lease, error: Stops, now: datetime) -> None:
    """It waits for a person, and the try does not count."""
    with tenant_scope(lease.tenant_id):
        delivery = packing.of(lease)
        if delivery is None or delivery.destination is None:
            return
        condition.stop(delivery.destination, error.code, now)
    outcomes.put_back(lease, now, at=delivery.created_at + condition.WAITS_FOR, error=error)


def _destination(lease: Lease) -> Destination | None:
    with tenant_scope(lease.tenant_id):
        delivery = packing.of(lease)
        return delivery.destination if delivery else None


def _write_down(write: Callable[[], object]) -> None:
    write_down(write, LEASE_SECONDS)
