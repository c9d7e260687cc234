"""One message, from its lease to its outcome: prepared inside its tenant, sent without a transaction, written down in another one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, connection

from reports import links
from reports.after_sending import place_of, write_down
from reports.aws import storage
from reports.aws.errors import AwsError
from reports.catalogue import read_facts
from reports.delivery import budget, outcomes, sent_log
from reports.delivery.channel import Channel, NotSent, OurFault, Parcel, Sent, TooFast, TryLater
from reports.delivery.email import Email
from reports.delivery.email_url import EmailSetup
from reports.delivery.identity import message_id
from reports.delivery.last_look import reason_not_to_send
from reports.delivery.retries import MOST_TRIES
from reports.delivery.taking import LEASE_SECONDS, Lease
from reports.delivery.traced import traced
from reports.files import CONTENT_TYPES
from reports.mails.letters import Letter, letter_of, letter_of_notice
from reports.models import Delivery, Notice, Occurrence, SnapshotFile, SnapshotJob
from reports.models.sending import Outgoing
from tenants import log_context
from tenants.scope import tenant_scope

logger = logging.getLogger(__name__)
Clock = Callable[[], datetime]
CHANNELS: dict[str, Callable[[EmailSetup], Channel[Parcel]]] = {Delivery.Channel.EMAIL: Email}
# What made all mail rest is not one message's doing, but should it be, others go first.
AFTER_OUR_FAULT = timedelta(minutes=5)


class Resting(NotSent):
    """While this one was prepared another one found out that nobody can be sent to."""


@dataclass(frozen=True)
class Prepared:
    channel: str
    address: str
    letter: Letter
    line: sent_log.Line
    traceparent: str


def carry(lease: Lease, setup: EmailSetup, clock: Clock) -> None:
    """Never raises: a fault of ours on one message stops no other. Runs in a thread of its own, outside any scope."""
    with log_context.about(tenant=lease.tenant_id):
        try:
            _carry(lease, setup, clock)
        except (OperationalError, InterfaceError):
            # Nothing was sent, or its outcome could not be written for as long as its lease: the lease says when it is tried again.
            logger.warning("message %s: the database did not answer", lease.id)
        except Exception as error:
            # Without the error's own text, which may be an address or a part of the letter.
            logger.error("message %s: %s in our own code at %s", lease.id, type(error).__name__, place_of(error))
            _write_down(lambda: outcomes.not_sent(lease, TryLater("internal"), clock()))
        finally:
            connection.close()


def _carry(lease: Lease, setup: EmailSetup, clock: Clock) -> None:
    if lease.tries > MOST_TRIES:
        # No try ended in order, or the last one would have ended it: whatever it does to its process, it does so no more.
        _write_down(lambda: outcomes.not_sent(lease, TryLater("internal"), clock()))
        return
    prepared = _prepare(lease, clock())
    if prepared is None:
        return
    try:
        with traced(lease.tenant_id, lease.id, prepared.channel, lease.tries, prepared.traceparent):
            answer = _send(lease, prepared, setup)
    except Resting:
        _write_down(lambda: outcomes.put_back(lease, clock()))
    except TooFast:
        budget.slow_down(setup)
        _write_down(lambda: outcomes.put_back(lease, clock()))
    except OurFault as error:
        fault = error
        _write_down(lambda: outcomes.put_back(lease, clock(), at=clock() + AFTER_OUR_FAULT, error=fault))
        budget.rest(setup, fault)
    except NotSent as error:
        verdict = error
        _write_down(lambda: outcomes.not_sent(lease, verdict, clock()))
    else:
        _write_down(lambda: outcomes.sent(lease, answer, clock()))
        if budget.go_on(setup):
            logger.warning("mail is sent again")


def _prepare(lease: Lease, now: datetime) -> Prepared | None:
    """Committed before anything leaves: from here on it may have been sent. None: there is nothing to send, and that is written."""
    with tenant_scope(lease.tenant_id):
        outgoing = _of(lease)
        if outgoing is None:
            return None
        if isinstance(outgoing, Delivery) and outgoing.job.status != SnapshotJob.Status.COMPLETED:
            outcomes.wait_for_files(lease, now)
            return None
        if outgoing.tenant.suspended_at:
            # It was taken a moment before its company's mail was paused.
            outcomes.put_back(lease, now)
            return None
        if reason := reason_not_to_send(outgoing, now):
            outcomes.suppress(lease, reason, now)
            return None
        letter = _letter(outgoing, now)
        if letter is None:
            outcomes.suppress(lease, "not_needed", now)
            return None
        again = lease.was_sending or outgoing.maybe_twice
        held = lease.model.objects.filter(tenant=lease.tenant_id, pk=lease.id, lease_until=lease.until)
        held.update(status=Outgoing.Status.SENDING, maybe_twice=again)
        channel = getattr(outgoing, "channel", Delivery.Channel.EMAIL)
        traceparent = outgoing.job.traceparent if outgoing.job else ""
        return Prepared(channel, outgoing.address, letter, _line(lease, outgoing, channel, now), traceparent)


def _of(lease: Lease) -> Delivery | Notice | None:
    """None: somebody else has it by now. The row stays locked until the commit, so that nobody takes it meanwhile."""
    parents = ("tenant", "job__report", "occurrence__schedule")
    return (
        lease.model.objects.select_for_update(of=("self",))
        .select_related(*parents)
        .filter(tenant=lease.tenant_id, pk=lease.id, lease_until=lease.until, status__in=Outgoing.OPEN)
        .first()
    )


def _letter(outgoing: Delivery | Notice, now: datetime) -> Letter | None:
    if isinstance(outgoing, Notice):
        return letter_of_notice(outgoing, now)
    return letter_of(outgoing, links.for_delivery(outgoing, now=now).url, now)


def _send(lease: Lease, prepared: Prepared, setup: EmailSetup) -> Sent:
    """Raises NotSent."""
    for file in prepared.letter.files:
        prepared.letter.message.attach(file.name, _content(lease, file), CONTENT_TYPES[file.format])
    channel = CHANNELS[prepared.channel](setup)
    if not budget.wait_for_turn(setup):
        raise Resting("sending_stopped")
    sent_log.leaving(prepared.line)
    try:
        return channel.send(Parcel(lease.id, prepared.address, prepared.letter.message))
    except NotSent as error:
        if not (isinstance(error, TryLater) and error.unknown):
            sent_log.stayed(prepared.line)
        raise


def _line(lease: Lease, outgoing: Delivery | Notice, channel: str, now: datetime) -> sent_log.Line:
    facts: dict[str, Any] = {"id": lease.id, "tenant": lease.tenant_id, "until": lease.until, "at": now, "channel": channel}
    facts |= {"is_delivery": isinstance(outgoing, Delivery), "message_id": message_id(lease.id), "job": outgoing.job_id}
    rows = None
    if isinstance(outgoing, Delivery) and outgoing.occurrence:
        run, rows = outgoing.occurrence, outgoing.job.narrowing_tags
        by_hand = run.kind == Occurrence.Kind.HAND
        facts |= {"schedule": run.schedule_id, "planned_at": run.planned_at, "by_hand": by_hand}
    return sent_log.Line(place=sent_log.places(lease.tenant_id, outgoing.address, rows)[0], **facts)


def _content(lease: Lease, file: SnapshotFile) -> bytes:
    with tenant_scope(lease.tenant_id):
        account_id = SnapshotJob.objects.filter(tenant=lease.tenant_id, pk=file.job_id).values_list("account_id", flat=True).get()
    try:
        return storage.read_bytes(read_facts(account_id), file.bucket, file.key)
    except AwsError as error:
        raise TryLater("file_unreadable", error.code) from error


def _write_down(write: Callable[[], object]) -> None:
    write_down(write, LEASE_SECONDS)
