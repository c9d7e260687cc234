"""What people decide about held files. Pages and the API call the same functions, in the tenant's scope.

Exactly once: a move names the state it begins in, and the occurrence is locked before its reviews. Who comes second is told who was first.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from reports import jobs
from reports.gate import consequences
from reports.models import Occurrence, Review, SnapshotJob
from reports.models.reviews import ReviewQuerySet
from reports.refused import Place, Refused
from tenants.audit import Actor, record
from tenants.models import Tenant

Status = Review.Status
MOST_NOTE = 300


@transaction.atomic
def release(job: SnapshotJob, actor: Actor, now: datetime, note: str = "") -> Review:
    """Its files go out. Raises Refused unless it is held."""
    _lock_occurrence(job.occurrence_id)
    review = _held(job)
    _release(review, actor, now, clean(note))
    return review


@transaction.atomic
def reject(job: SnapshotJob, actor: Actor, now: datetime, note: str = "") -> Review:
    """They never do. Raises Refused unless it is held."""
    _lock_occurrence(job.occurrence_id)
    review = _held(job)
    _reject(review, actor, now, clean(note))
    return review


@transaction.atomic
def run_again(job: SnapshotJob, actor: Actor, now: datetime, note: str = "") -> SnapshotJob:
    """In place of the held one, for the same people; its files pass the gate like any. Raises Refused, and then nothing is changed."""
    _lock_occurrence(job.occurrence_id)
    review = _held(job)
    return _run_again(review, actor, now, clean(note))


@transaction.atomic
def release_all(occurrence: Occurrence, actor: Actor, now: datetime, note: str = "") -> int:
    """How many jobs. Raises Refused when none is held."""
    return _each(_held_of(occurrence), _release, occurrence, actor, now, note)


@transaction.atomic
def release_usual(occurrence: Occurrence, actor: Actor, now: datetime, note: str = "") -> int:
    """Those without findings; the others wait on. Raises Refused when there are none."""
    return _each(_held_of(occurrence, findings=[]), _release, occurrence, actor, now, note)


@transaction.atomic
def reject_all(occurrence: Occurrence, actor: Actor, now: datetime, note: str = "") -> int:
    """Raises Refused when none is held."""
    return _each(_held_of(occurrence), _reject, occurrence, actor, now, note)


@transaction.atomic
def run_unusual_again(occurrence: Occurrence, actor: Actor, now: datetime, note: str = "") -> int:
    """Those with findings, in place of the held ones. Raises Refused when there are none."""
    return _each(_held_of(occurrence).exclude(findings=[]), _run_again, occurrence, actor, now, note)


def clean(note: str) -> str:
    """Raises Refused for one that is too long."""
    note = " ".join(note.split())
    if len(note) > MOST_NOTE:
        detail = _("A note has %(n)d characters at most.") % {"n": MOST_NOTE}
        raise Refused("note_too_long", detail, (Place(("note",), "max_length", detail),))
    return note


def _each(reviews: Iterable[Review], decide, occurrence: Occurrence, actor: Actor, now: datetime, note: str) -> int:  # type: ignore[no-untyped-def]
    note, found = clean(note), list(reviews)
    if not found:
        raise _not_held(_last(occurrence.tenant, occurrence=occurrence))
    for review in found:
        decide(review, actor, now, note)
    return len(found)


def _release(review: Review, actor: Actor, now: datetime, note: str) -> None:
    _move(review, Status.RELEASED, actor, now, note)
    consequences.released(review, now)
    _record(review, "job.released", actor, now)


def _reject(review: Review, actor: Actor, now: datetime, note: str) -> None:
    _move(review, Status.REJECTED, actor, now, note)
    consequences.rejected(review, now)
    _record(review, "job.rejected", actor, now)


def _run_again(review: Review, actor: Actor, now: datetime, note: str) -> SnapshotJob:
    _reject(review, actor, now, note)
    return jobs.retry(review.job, actor, now=now)


def _move(review: Review, after: str, actor: Actor, now: datetime, note: str) -> None:
    if not review.move(Status.HELD, after, next_try_at=None, decided_at=now, decided_by=actor.label, note=note):
        review.refresh_from_db()
        raise _not_held(review)


def _record(review: Review, action: str, actor: Actor, now: datetime) -> None:
    after = {"note": review.note, "findings": len(review.findings)}
    record(actor, action, now=now, tenant=review.tenant, about=review.job, after=after)


def _lock_occurrence(occurrence_id: uuid.UUID | None) -> None:
    if occurrence_id:
        Occurrence.objects.select_for_update().get(pk=occurrence_id)


def _held(job: SnapshotJob) -> Review:
    """Locked. Raises Refused unless it is held."""
    review = _with_job(Review.objects.for_tenant(job.tenant)).filter(job=job).first()
    if review is None or review.status != Status.HELD:
        raise _not_held(review)
    return review


def _held_of(occurrence: Occurrence, **narrower: object) -> ReviewQuerySet:
    _lock_occurrence(occurrence.pk)
    reviews = Review.objects.for_tenant(occurrence.tenant).held().filter(job__occurrence=occurrence, **narrower)
    return _with_job(reviews).order_by("created_at", "id")


def _with_job(reviews: ReviewQuerySet) -> ReviewQuerySet:
    related = ("tenant", "job__tenant", "job__report", "job__occurrence__schedule", "job__occurrence__tenant", "job__replaces")
    return reviews.select_related(*related).select_for_update(of=("self",))


def _last(tenant: Tenant, **about: object) -> Review | None:
    """The one that was decided last."""
    about = {f"job__{name}": value for name, value in about.items()}
    return Review.objects.for_tenant(tenant).filter(**about).exclude(decided_at=None).order_by("-decided_at").first()


def _not_held(review: Review | None) -> Refused:
    return Refused("job_not_held", str(what_became_of(review)))


def what_became_of(review: Review | None) -> str:
    """One sentence for who wants to decide, and has nothing to."""
    if review is None:
        return _("Its files are not held.")
    if review.status == Status.CHECKING:
        return _("Its files are being checked. Wait a moment, then look again.")
    if review.status == Status.HELD:
        return _("Its files are held.")
    local = timezone.localtime(review.decided_at)
    names = {"who": review.decided_by, "at": date_format(local, "j M, H:i")}
    if review.status == Status.RELEASED:
        said = _("%(who)s released it on %(at)s.") if review.decided_by else _("The checks found nothing, and released it on %(at)s.")
    else:
        said = _("%(who)s decided on %(at)s that it is not sent.") if review.decided_by else _("Nobody released it until %(at)s.")
    return said % names
