"""Everything that a delivery to a destination needs, read inside its company and committed before anything leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from reports import links
from reports.aws import storage
from reports.aws.clients import AccountFacts
from reports.aws.errors import AwsError
from reports.catalogue import read_facts
from reports.delivery import outcomes, sent_log
from reports.delivery.channel import ChatMessage, Refused, Shipment, ShippedFile, TryLater
from reports.delivery.last_look import reason_not_to_ship
from reports.delivery.taking import Lease
from reports.destinations import condition, secrets
from reports.destinations.config import ChatConfig, Config, read
from reports.destinations.naming import names_for
from reports.mails.chats import message_of
from reports.models import Delivery, Destination, Occurrence, SnapshotFile, SnapshotJob
from reports.models.sending import DeliveryQuerySet, Outgoing
from tenants.scope import tenant_scope

# Called with a file's id and its path.
Note = Callable[[str, str], None]


@dataclass(frozen=True)
class Packed:
    """`files` and their names, without those that are there already; of a chat none, and a `message` in their place."""

    kind: str
    config: Config
    secret: str = field(repr=False)
    account_id: int
    folder: str
    files: list[tuple[SnapshotFile, str]]
    placing: dict[str, str]
    message: ChatMessage | None
    line: sent_log.Line
    traceparent: str


def pack(lease: Lease, now: datetime) -> Packed | None:
    """None: there is nothing to send just now, and that is written. Raises tenants.encryption.Unreadable."""
    with tenant_scope(lease.tenant_id):
        delivery = of(lease)
        if delivery is None:
            return None
        if delivery.job.status != SnapshotJob.Status.COMPLETED:
            outcomes.wait_for_files(lease, now)
        elif delivery.tenant.suspended_at:
            # It was taken a moment before its company was suspended.
            outcomes.put_back(lease, now)
        elif reason := reason_not_to_ship(delivery, now):
            outcomes.suppress(lease, reason, now)
        elif delivery.destination and delivery.destination.status == Destination.Status.STOPPED:
            _wait(lease, delivery, now)
        elif delivery.destination:
            again = lease.was_sending or delivery.maybe_twice
            held(lease).update(status=Outgoing.Status.SENDING, maybe_twice=again)
            return _packed(lease, delivery, delivery.destination, now)
        return None


def of(lease: Lease) -> Delivery | None:
    """In the tenant's scope. None: somebody else has it by now. The row stays locked, so that nobody takes it meanwhile."""
    parents = ("tenant", "job__report", "occurrence__schedule", "destination__tenant")
    return held(lease).select_for_update(of=("self",)).select_related(*parents).first()


def held(lease: Lease) -> DeliveryQuerySet:
    return Delivery.objects.filter(tenant=lease.tenant_id, pk=lease.id, lease_until=lease.until, status__in=Outgoing.OPEN)


def shipment(lease: Lease, packed: Packed, folder: Path, is_about_to_place: Note, has_placed: Note) -> Shipment:
    """With local copies of its files in `folder`. Outside any scope. Raises TryLater."""
    account = read_facts(packed.account_id)
    files = [_fetched(account, file, name, folder) for file, name in packed.files]
    return Shipment(lease.id, packed.folder, files, packed.placing, is_about_to_place, has_placed)


def _fetched(account: AccountFacts, file: SnapshotFile, name: str, folder: Path) -> ShippedFile:
    """The very file that was checked when it was collected."""
    content = folder / str(file.pk)
    try:
        sha256 = storage.fetch(account, file.bucket, file.key, content)
    except AwsError as error:
        raise TryLater("file_unreadable", error.code) from error
    if sha256 != bytes(file.sha256):
        raise TryLater("file_unreadable", "It is not the file that was collected.")
    return ShippedFile(str(file.pk), name, content, file.size_bytes, sha256)


def _wait(lease: Lease, delivery: Delivery, now: datetime) -> None:
    """Until the destination works again, but not for ever."""
    until = delivery.created_at + condition.WAITS_FOR
    if until <= now:
        outcomes.not_sent(lease, Refused("destination_stopped"), now)
    else:
        outcomes.put_back(lease, now, at=until)


def _packed(lease: Lease, delivery: Delivery, destination: Destination, now: datetime) -> Packed:
    config, message = read(destination), None
    folder, names = "", list[tuple[SnapshotFile, str]]()
    if isinstance(config, ChatConfig):
        message = message_of(delivery, links.for_delivery(delivery, now=now).url)
    else:
        folder, names = names_for(config, delivery)
    return Packed(
        kind=destination.kind,
        config=config,
        secret=secrets.read(destination),
        account_id=delivery.job.account_id,
        folder=folder,
        files=[(file, name) for file, name in names if str(file.pk) not in delivery.placed],
        placing=delivery.placing,
        message=message,
        line=_line(lease, delivery, destination, now),
        traceparent=delivery.job.traceparent,
    )


def _line(lease: Lease, delivery: Delivery, destination: Destination, now: datetime) -> sent_log.Line:
    run = delivery.occurrence
    rows = delivery.job.narrowing_tags if run else None
    return sent_log.Line(
        id=lease.id,
        tenant=lease.tenant_id,
        until=lease.until,
        at=now,
        is_delivery=True,
        channel=delivery.channel,
        place=sent_log.places(lease.tenant_id, sent_log.of_destination(destination.pk), rows)[0],
        job=delivery.job_id,
        schedule=run.schedule_id if run else None,
        planned_at=run.planned_at if run else None,
        by_hand=run is not None and run.kind == Occurrence.Kind.HAND,
    )
