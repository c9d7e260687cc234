"""`manage.py doctor --job ID` in words. Times in UTC; of session tags the keys only; of links the reference, never the address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from portal.doctor.job_facts import Facts, Place, gather
from portal.health import HEARTBEAT_LATE
from reports import timeline
from reports.aws import storage
from reports.aws.errors import AwsError
from reports.catalogue import facts_of
from reports.engine.pump import BEAT_LATE
from reports.models import Attempt, SnapshotFile, SnapshotJob

Lines = Iterator[str]


def told(place: Place) -> Lines:
    facts = gather(place)
    yield from _headline(facts)
    yield from _section("Asked for", _asked_for(facts))
    if not facts.job.has_ended:
        yield from _section("Now", _now(facts, timezone.now()))
    yield from _section("Attempts", (line for attempt in facts.attempts for line in _attempt(attempt)))
    yield from _section("Timeline", _timeline(facts))
    yield from _section("Files", (_file(file, facts) for file in facts.files))
    yield from _section("Links", _links(facts))


def _section(title: str, lines: Lines) -> Lines:
    empty = True
    yield title
    for line in lines:
        empty = False
        yield f"  {line}"
    if empty:
        yield "  none"


def _headline(facts: Facts) -> Lines:
    job = facts.job
    yield f"Job {job.pk} is “{SnapshotJob.Status(job.status).label}” ({job.status})."
    if job.failure_code:
        yield f"{job.failure_text} ({job.failure_code})"


def _asked_for(facts: Facts) -> Lines:
    job, account = facts.job, facts.account
    yield f"{_utc(job.created_at)} by {job.actor}, {job.get_trigger_display()}, lane {SnapshotJob.Lane(job.lane).name.lower()}"
    yield f"tenant {job.tenant.slug} (“{job.tenant.name}”, {job.tenant_id})"
    yield f"report {job.report.slug} (“{job.report.name}”): dashboard {job.dashboard_id}, sheet {job.sheet_id}"
    yield f"account {account.name} ({account.aws_account_id}, {account.region})"
    yield f"formats {', '.join(job.formats)}; visuals {', '.join(job.visual_ids) or 'none'}"
    yield f"parameters {'; '.join(f'{name} = {values}' for name, values in job.parameters.items()) or 'none'}"
    yield f"session tags of the tenant now: {', '.join(facts.tag_keys) or 'none'} (values are not shown)"
    if job.retry_of_id:
        yield f"runs job {job.retry_of_id} again"


def _now(facts: Facts, now: datetime) -> Lines:
    """Why it waits, and what stands in its way."""
    job, around = facts.job, facts.around
    if facts.account.refused_since:
        yield f"AWS refuses the portal ({facts.account.refused_code}) since {_utc(facts.account.refused_since)}: nothing but a probe starts"
    if facts.account.unanswered_since:
        yield f"QuickSight has not answered since {_utc(facts.account.unanswered_since)}: nothing new starts but a probe each 30 s"
    if job.waiting:
        yield f"waits: {SnapshotJob.Waiting(job.waiting).label}"
    if job.status == SnapshotJob.Status.QUEUED:
        ahead = "not known" if job.ahead is None else job.ahead
        yield f"jobs of the account before it: {ahead}; slots: {around.slots}, of them free {around.free}, resting {around.resting}"
        if job.not_before and job.not_before > now:
            yield f"does not start before {_utc(job.not_before)}"
    else:
        yield f"slot {facts.account.name}/{around.slot.number}" if around.slot else "holds no slot"
        held = job.lease_until is not None and job.lease_until > now
        yield f"next call due {_utc(job.next_look_at)}; " + (
            f"in a worker's hands until {_utc(job.lease_until)}" if held else "in nobody's hands"
        )
    if job.no_verdicts or job.crashes:
        yield f"calls in a row without a verdict: {job.no_verdicts}; failures of our own code on it: {job.crashes}"
    yield f"pump of the account: {_seen(around.pump_age, BEAT_LATE)}; worker: {_seen(around.worker_age, HEARTBEAT_LATE)}"
    yield f"deadline {_utc(job.deadline_at)}{', which has passed' if job.deadline_at <= now else ''}"


def _seen(age: timedelta | None, late: timedelta) -> str:
    if age is None:
        return "not there"
    return f"seen {age.total_seconds():.0f} s ago" if age <= late else f"NOT SEEN for {age.total_seconds():.0f} s"


def _attempt(attempt: Attempt) -> Lines:
    yield f"{attempt.number}. SnapshotJobId {attempt.pk}"
    yield f"   made {_utc(attempt.created_at)}, accepted {_utc(attempt.accepted_at)}, ended {_utc(attempt.ended_at)}"
    yield f"   dashboard {attempt.dashboard_id}, sheet {attempt.sheet_id}, into s3://{attempt.bucket}/{attempt.prefix}"
    yield f"   session tags sent: {', '.join(sorted(attempt.session_tags))}"
    if attempt.service_status:
        yield f"   QuickSight said {attempt.service_status}, {_utc(attempt.service_created_at)} to {_utc(attempt.service_updated_at)}"
    if attempt.failure_code:
        yield f"   failed: {attempt.failure_code}"
    if attempt.error_type or attempt.error_message:
        yield f"   AWS's own words: {attempt.error_type} {attempt.error_message}".replace("\n", " ")


def _timeline(facts: Facts) -> Lines:
    for event in facts.events:
        line = timeline.line(event.at, event.type, event.data)
        yield f"{_utc(event.at)}  {line.title}{f': {line.detail}' if line.detail else ''}"


def _file(file: SnapshotFile, facts: Facts) -> str:
    size = f"{file.size_bytes:,} bytes, sha256 {bytes(file.sha256).hex()}"
    return f"{file.name}: {size}, s3://{file.bucket}/{file.key}: {_is_there(file, facts)}"


def _is_there(file: SnapshotFile, facts: Facts) -> str:
    try:
        found = storage.exists(replace(facts_of(facts.account), region=file.region), file.bucket, file.key)
    except AwsError as error:
        return f"whether it is there is not known, S3 says {error}"
    return "there now" if found else "NOT THERE"


def _links(facts: Facts) -> Lines:
    for link in facts.links:
        yield f"{link.reference}: {link.status(timezone.now()).value}, {link.uses} of {link.max_uses} uses, until {_utc(link.expires_at)}"
    yield f"downloads in all, by links and by members: {facts.downloads}"


def _utc(time: datetime | None) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z" if time else "never"
