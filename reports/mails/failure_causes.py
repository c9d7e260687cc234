"""Why a planned run did not end well, as one cause: what is told once in a while, however many runs meet it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports import failures as job_failures
from reports.delivery import failures as delivery_failures
from reports.models import Delivery, Notice, Occurrence, SnapshotJob
from reports.occurrences import reasons

JOB, DELIVERY, RUN = "job", "delivery", "run"


@dataclass(frozen=True)
class Cause:
    """`of`: whose words `code` has, those of a job, of a delivery, or of the run itself."""

    of: str
    code: str

    def __str__(self) -> str:
        return f"{self.of}:{self.code}"

    def why(self, occurrence: Occurrence) -> str | Promise:
        """One sentence. AWS's own words and codes never stand in it."""
        if self.of == RUN:
            return reasons.words(occurrence) or _("The run could not be started.")
        return (job_failures if self.of == JOB else delivery_failures).cause_of(self.code).message

    @property
    def advice(self) -> str | Promise:
        """Empty: nothing can be done, or nothing has to."""
        return "" if self.of == RUN else (job_failures if self.of == JOB else delivery_failures).cause_of(self.code).advice


def cause_of(occurrence: Occurrence) -> Cause:
    """The most frequent one, reports before mails: what was not made could not arrive. In the tenant's scope."""
    jobs = SnapshotJob.objects.for_tenant(occurrence.tenant).filter(occurrence=occurrence, status=SnapshotJob.Status.FAILED)
    if not_made := list(jobs.filter(retries=None).values_list("failure_code", flat=True)):
        return Cause(JOB, _most_frequent(not_made))
    deliveries = Delivery.objects.for_tenant(occurrence.tenant).filter(
        occurrence=occurrence, status__in=(Delivery.Status.FAILED, Delivery.Status.BOUNCED)
    )
    if not_sent := list(deliveries.values_list("failure_code", flat=True)):
        return Cause(DELIVERY, _most_frequent(not_sent))
    return Cause(RUN, occurrence.reason)


def told(notice: Notice) -> Cause:
    return Cause(notice.data["of"], notice.data["code"])


def _most_frequent(codes: list[str]) -> str:
    """Of several as frequent, always the same one."""
    counted = Counter(codes)
    return min(counted, key=lambda code: (-counted[code], code))
