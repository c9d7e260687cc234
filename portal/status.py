"""How each state looks. Its word is the model's own; icon, tone and step are one map here, so no template asks which state it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.job_deliveries import Sent
from reports.models import (
    Attempt,
    Delivery,
    Destination,
    Link,
    Occurrence,
    Report,
    Review,
    Schedule,
    SnapshotJob,
    Suppression,
    Webhook,
    WebhookDelivery,
)
from reports.schedules.figures import is_late

Job, LinkStatus, Stopped = SnapshotJob.Status, Link.Status, Suppression.Reason
Run, Sending = Occurrence.Status, Delivery.Status


@dataclass(frozen=True)
class Look:
    """`tone` is the end of a class such as `badge--ok`; empty: neutral. `step` is the place in the bar of five; 0: none."""

    word: str | Promise
    icon: str
    tone: str = ""
    step: int = 0


JOBS: dict[str, Look] = {
    Job.QUEUED: Look(Job.QUEUED.label, "clock", "", 1),
    Job.STARTING: Look(Job.STARTING.label, "send", "run", 2),
    Job.RUNNING: Look(Job.RUNNING.label, "loader-2", "run", 3),
    Job.COLLECTING: Look(Job.COLLECTING.label, "loader-2", "run", 4),
    Job.COMPLETED: Look(Job.COMPLETED.label, "check", "ok"),
    Job.FAILED: Look(Job.FAILED.label, "alert-circle", "bad"),
    Job.CANCELLED: Look(Job.CANCELLED.label, "ban"),
}
# Of files that are made, and are not let go yet, or never.
REVIEWS: dict[str, Look] = {
    Review.Status.CHECKING: Look(Review.Status.CHECKING.label, "loader-2", "run"),
    Review.Status.HELD: Look(Review.Status.HELD.label, "player-pause", "warn"),
    Review.Status.REJECTED: Look(Review.Status.REJECTED.label, "ban"),
}
AFTER_A_RETRY = Look(_("Delivered after a retry"), "check", "ok")
RETRYING = Look(_("Retrying"), "refresh", "warn", 1)

LINKS: dict[str, Look] = {
    LinkStatus.ACTIVE: Look(LinkStatus.ACTIVE.label, "link", "ok"),
    LinkStatus.EXPIRED: Look(LinkStatus.EXPIRED.label, "clock-off"),
    LinkStatus.USED_UP: Look(LinkStatus.USED_UP.label, "clock-off"),
    LinkStatus.SUPERSEDED: Look(LinkStatus.SUPERSEDED.label, "info-circle", "ok"),
    LinkStatus.REVOKED: Look(LinkStatus.REVOKED.label, "ban"),
}

RUNS: dict[str, Look] = {
    Run.PLANNED: Look(Run.PLANNED.label, "clock"),
    Run.RUNNING: Look(Run.RUNNING.label, "loader-2", "run"),
    Run.DELIVERED: Look(Run.DELIVERED.label, "check", "ok"),
    Run.PARTLY_DELIVERED: Look(Run.PARTLY_DELIVERED.label, "alert-triangle", "warn"),
    Run.HELD: Look(Run.HELD.label, "player-pause", "warn"),
    Run.FAILED: Look(Run.FAILED.label, "alert-circle", "bad"),
    Run.SKIPPED: Look(Run.SKIPPED.label, "player-skip-forward"),
    Run.MISSED: Look(Run.MISSED.label, "circle-off", "bad"),
}
DELIVERED_LATE = Look(_("Delivered late"), "clock", "warn")

DELIVERIES: dict[str, Look] = {
    Sending.PENDING: Look(Sending.PENDING.label, "clock"),
    Sending.SENDING: Look(Sending.SENDING.label, "send", "run"),
    Sending.SENT: Look(Sending.SENT.label, "check", "ok"),
    Sending.BOUNCED: Look(Sending.BOUNCED.label, "alert-circle", "bad"),
    Sending.FAILED: Look(Sending.FAILED.label, "alert-circle", "bad"),
    Sending.SUPPRESSED: Look(Sending.SUPPRESSED.label, "ban"),
}
SENT_AGAIN = Look(_("Retrying"), "refresh", "warn")
DOWNLOADED = Look(_("Downloaded"), "check", "ok")
SENT_ONLY = Look(_("Sent"), "send", "run")

ON = Look(pgettext_lazy("a schedule", "On"), "check", "ok")
PAUSED = Look(_("Paused"), "player-pause", "warn")
STOPPED = Look(_("Stopped by a fault"), "alert-circle", "bad")
ENDED = Look(_("Ended"), "circle-off")

# Whether anything is sent to an address; None: nothing stops it.
ADDRESSES: dict[str | None, Look] = {
    None: Look(_("Active"), "check", "ok"),
    Stopped.BOUNCED: Look(Stopped.BOUNCED.label, "alert-circle", "bad"),
    Stopped.UNSUBSCRIBED: Look(Stopped.UNSUBSCRIBED.label, "ban"),
    Stopped.COMPLAINED: Look(Stopped.COMPLAINED.label, "ban", "bad"),
}

DESTINATIONS: dict[str, Look] = {
    Destination.Status.UNTESTED: Look(Destination.Status.UNTESTED.label, "info-circle"),
    Destination.Status.OK: Look(Destination.Status.OK.label, "check", "ok"),
    Destination.Status.FAILING: Look(Destination.Status.FAILING.label, "alert-circle", "bad"),
    Destination.Status.STOPPED: Look(Destination.Status.STOPPED.label, "player-pause", "bad"),
}
WEBHOOKS: dict[str, Look] = {
    Webhook.Status.ACTIVE: Look(Webhook.Status.ACTIVE.label, "check", "ok"),
    Webhook.Status.PAUSED: Look(Webhook.Status.PAUSED.label, "player-pause", "warn"),
    Webhook.Status.DISABLED: Look(_("Switched off"), "alert-circle", "bad"),
}
MESSAGES: dict[str, Look] = {
    WebhookDelivery.Status.PENDING: Look(WebhookDelivery.Status.PENDING.label, "clock"),
    WebhookDelivery.Status.FAILED: Look(WebhookDelivery.Status.FAILED.label, "refresh", "warn"),
    WebhookDelivery.Status.SUCCEEDED: Look(WebhookDelivery.Status.SUCCEEDED.label, "check", "ok"),
    WebhookDelivery.Status.DEAD: Look(WebhookDelivery.Status.DEAD.label, "alert-circle", "bad"),
}
MESSAGE_LEAVES = Look(_("On its way"), "send", "run")
PREFLIGHTS: dict[str, Look] = {
    Report.Preflight.PASSED: Look(_("Rules hold"), "check", "ok"),
    Report.Preflight.REFUSED: Look(_("Refused"), "alert-circle", "bad"),
    Report.Preflight.NOT_CHECKED: Look(_("Not checked yet"), "clock"),
}

IN_LINE = Look(_("In line"), "clock", "run")
IS_RUNNING = Look(_("Running"), "loader-2", "run")
NOT_IN_LINE = Look(_("Not in line"), "clock-off", "warn")
AT_ITS_SHARE = Look(_("At its share of slots"), "alert-triangle", "warn")
AT_ITS_LIMIT = Look(_("At its limit of waiting jobs"), "alert-triangle", "warn")
NO_JOBS = Look(_("Nothing waits"), "check")

ATTEMPT_OPEN = Look(_("In progress"), "loader-2", "run")
ATTEMPT_RENDERED = Look(_("Rendered"), "check", "ok")
ATTEMPT_FAILED = Look(_("Failed"), "alert-circle", "bad")


def of_job(job: SnapshotJob) -> Look:
    if job.status == Job.QUEUED and job.waiting == SnapshotJob.Waiting.RETRY:
        return RETRYING
    if job.status == Job.STARTING and not job.attempt_count:
        # It has a slot, and its data sets' rules are being asked for: nothing was sent yet.
        return JOBS[Job.QUEUED]
    if job.review_status in REVIEWS:
        return REVIEWS[job.review_status]
    if job.status == Job.COMPLETED and job.attempt_count > 1:
        return AFTER_A_RETRY
    return JOBS[job.status]


def of_sent(sent: Sent) -> Look:
    """On a job's page: what its link tells comes before how the mail fared."""
    if sent.revoked_at:
        return LINKS[LinkStatus.REVOKED]
    if sent.status == Sending.SENT:
        return DOWNLOADED if sent.last_download_at else SENT_ONLY
    return SENT_AGAIN if sent.status == Sending.PENDING and sent.tries else DELIVERIES[sent.status]


def of_attempt(attempt: Attempt) -> Look:
    if attempt.ended_at is None:
        return ATTEMPT_OPEN
    return ATTEMPT_FAILED if attempt.failure_code else ATTEMPT_RENDERED


def of_schedule(schedule: Schedule) -> Look:
    if not schedule.enabled:
        return STOPPED if schedule.fault else PAUSED
    return ON if schedule.next_run_at and not schedule.retired_at else ENDED


def of_run(run: Occurrence) -> Look:
    return DELIVERED_LATE if run.status == Run.DELIVERED and is_late(run) else RUNS[run.status]


def of_delivery(delivery: Delivery) -> Look:
    """It is sent again only after an answer that lets hope: before the first try it just waits for its files."""
    return SENT_AGAIN if delivery.status == Sending.PENDING and delivery.tries else DELIVERIES[delivery.status]


def of_queue(tenant: Any) -> Look:
    """Of a company in the queue; `tenant` as portal.queue_rows reads it. What staff can do something about comes first."""
    if tenant.paused_since:
        return PAUSED
    if tenant.max_waiting and max(tenant.known, tenant.in_line) >= tenant.max_waiting:
        return AT_ITS_LIMIT
    if tenant.max_running and tenant.in_line and tenant.running >= tenant.max_running:
        return AT_ITS_SHARE
    if tenant.in_line:
        return IN_LINE
    if tenant.known:
        return NOT_IN_LINE
    return IS_RUNNING if tenant.running else NO_JOBS


def of_destination(destination: Destination) -> Look:
    return DESTINATIONS[destination.status]


def of_webhook(webhook: Webhook) -> Look:
    return WEBHOOKS[webhook.status]


def of_message(message: WebhookDelivery) -> Look:
    return MESSAGE_LEAVES if message.lease_until is not None else MESSAGES[message.status]
