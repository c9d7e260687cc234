"""What a tenant may use: jobs of its day, jobs that wait, recipients, storage. Counted by whoever makes one, in the same transaction.

Makers of one tenant come one after the other: each first takes the tenant's row, reads its quotas there, and keeps it until its commit.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, models
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports import usage, words
from reports.models import Recipient, SnapshotJob
from reports.refused import Place, Refused
from tenants.audit import Actor, record
from tenants.models import Tenant

# One statement: two makers at once cannot both read the count before either has written it.
COUNT_JOBS = """
insert into reports_dailyusage as usage (tenant_id, day, jobs)
select %(tenant)s, %(day)s, %(number)s where %(number)s <= %(most)s
on conflict (tenant_id, day) do update set jobs = usage.jobs + excluded.jobs where usage.jobs + excluded.jobs <= %(most)s
returning jobs
"""
# As many as the column takes.
ANY_NUMBER = 2_147_483_647
# From so many percent on, people are told that it fills up.
NEAR = 80


class Kind(models.TextChoices):
    """The words that pages, the API and the platform file have in common."""

    JOBS = "jobs_per_day", gettext_lazy("Jobs today")
    WAITING = "waiting_jobs", gettext_lazy("Jobs that wait")
    RECIPIENTS = "recipients", gettext_lazy("Recipients")
    STORAGE = "storage_bytes", gettext_lazy("File storage")


# What fills and empties within a day.
DAILY = frozenset({Kind.JOBS, Kind.WAITING})
AT_THE_LIMIT: dict[str, Promise] = {
    Kind.JOBS: gettext_lazy("At the limit scheduled reports go on; reports started by hand or by API are refused until the next day."),
    Kind.WAITING: gettext_lazy(
        "At the limit no report is made, by hand, by API or by its schedule, until some of those that wait have started."
    ),
    Kind.RECIPIENTS: gettext_lazy("At the limit nobody can be added to the address book. Those who are in it get their reports."),
    Kind.STORAGE: gettext_lazy("At the limit no report is made, by hand, by API or by its schedule, until older files were removed."),
}


@dataclass(frozen=True)
class Quotas:
    """None: no limit."""

    jobs_per_day: int | None
    max_waiting: int | None
    max_recipients: int | None
    max_storage_bytes: int | None


@dataclass(frozen=True)
class Standing:
    """How much of a quota is used. `limit` None: no limit; `resets_at` None: not by the clock."""

    kind: str
    used: int
    limit: int | None
    resets_at: datetime | None = None

    @property
    def percent(self) -> float:
        """Up to 100, for a bar."""
        return min(100.0, 100 * self.used / self.limit) if self.limit else 100.0 * (self.limit == 0)

    @property
    def is_near(self) -> bool:
        return self.limit is not None and 100 * self.used >= NEAR * self.limit

    @property
    def is_full(self) -> bool:
        return self.limit is not None and self.used >= self.limit

    @property
    def words(self) -> str:
        return str(Kind(self.kind).label)

    @property
    def used_words(self) -> str:
        return self._number(self.used)

    @property
    def limit_words(self) -> str:
        """Empty: no limit."""
        return "" if self.limit is None else self._number(self.limit)

    def _number(self, number: int) -> str:
        return words.file_size(number) if self.kind == Kind.STORAGE else words.whole(number)


def standings(tenant: Tenant, now: datetime) -> list[Standing]:
    """All four. In the tenant's scope."""
    day = usage.day_of(tenant, now)
    return [
        Standing(Kind.JOBS, usage.jobs_on(tenant, day), tenant.jobs_per_day, usage.ends_at(tenant, day)),
        Standing(Kind.WAITING, _waiting(tenant), tenant.max_waiting),
        Standing(Kind.RECIPIENTS, Recipient.objects.for_tenant(tenant).count(), tenant.max_recipients),
        Standing(Kind.STORAGE, usage.stored_bytes(tenant), tenant.max_storage_bytes),
    ]


def quotas_of(tenant: Tenant) -> Quotas:
    return Quotas(tenant.jobs_per_day, tenant.max_waiting, tenant.max_recipients, tenant.max_storage_bytes)


def set_quotas(tenant: Tenant, wanted: Quotas, actor: Actor, because: str, *, now: datetime) -> bool:
    """False where they were so already: nothing is written then. What is used beyond a new limit stays. In the staff scope."""
    before = quotas_of(Tenant.objects.select_for_update(of=("self",), no_key=True).get(pk=tenant.pk))
    if before == wanted:
        return False
    Tenant.objects.filter(pk=tenant.pk).update(**asdict(wanted))
    after = asdict(wanted) | {"because": because}
    record(actor, "tenant.quotas_set", now=now, tenant=tenant, about=tenant, before=asdict(before), after=after)
    return True


def take_jobs(tenant: Tenant, number: int, now: datetime, *, planned: bool = False) -> None:
    """Counts so many new jobs. Raises Refused, and has counted none then. In the tenant's scope, where they are made.

    `planned`: by a schedule's clock. What was promised for a time goes on when the day's jobs are used up, and is counted beyond them.
    """
    given = hold(tenant)
    _refuse_waiting(given, number)
    _refuse_storage(given)
    count_jobs(given, number, now, most=None if planned else given.jobs_per_day)


def count_jobs(tenant: Tenant, number: int, now: datetime, *, most: int | None = None) -> None:
    """Without `most`: of jobs that nobody of the tenant asked for, such as files that are made again for a customer. Raises Refused."""
    day = usage.day_of(tenant, now)
    with connection.cursor() as cursor:
        facts: dict[str, Any] = {"tenant": tenant.pk, "day": day, "number": number, "most": ANY_NUMBER if most is None else most}
        cursor.execute(COUNT_JOBS, facts)
        counted = cursor.fetchone()
    if counted is None:
        raise _day_is_full(tenant, number, now)


def refuse_another_job(tenant: Tenant, now: datetime) -> None:
    """Raises Refused where one more would be: for what asks now and makes its jobs a moment later. Counts nothing."""
    _refuse_waiting(tenant, 1)
    _refuse_storage(tenant)
    if tenant.jobs_per_day is not None and usage.jobs_on(tenant, usage.day_of(tenant, now)) >= tenant.jobs_per_day:
        raise _day_is_full(tenant, 1, now)


def room_for_recipients(tenant: Tenant) -> int | None:
    """How many more there may be; None: any number. Exact for whoever holds the tenant's row."""
    if tenant.max_recipients is None:
        return None
    return max(0, tenant.max_recipients - Recipient.objects.for_tenant(tenant).count())


def take_recipients(tenant: Tenant, number: int, place: tuple[str, ...] = ("email",)) -> None:
    """Raises Refused where so many more would be too many. In the tenant's scope, where they are made."""
    if not number:
        return
    room = room_for_recipients(given := hold(tenant))
    if room is not None and number > room:
        raise Refused("quota_exceeded", recipients_are_full(given), (Place(place, "invalid", recipients_are_full(given)),))


def hold(tenant: Tenant) -> Tenant:
    """Its row as it is now. Nobody else makes anything that is counted until this transaction ends."""
    return Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)


def recipients_are_full(tenant: Tenant) -> str:
    values = {"limit": words.whole(tenant.max_recipients or 0), "platform": settings.PLATFORM_NAME}
    return (
        _("This is one too many: your company’s limit of recipients is %(limit)s.") % values
        + " "
        + _("Remove some, or ask %(platform)s for more.") % values
    )


def _refuse_waiting(tenant: Tenant, more: int) -> None:
    limit = tenant.max_waiting
    if limit is None:
        return
    waiting = _waiting(tenant, limit)
    if waiting + more > limit:
        counts = {"waiting": waiting, "more": more, "limit": limit}
        raise Refused(
            "queue_full",
            _("%(waiting)d jobs of your company wait already, and with %(more)d more they would be more than the %(limit)d that may wait. ")
            % counts
            + _("Try again when some of them have started, or cancel some."),
        )


def _waiting(tenant: Tenant, most: int | None = None) -> int:
    """No further than `most`, where more makes no difference."""
    return SnapshotJob.objects.for_tenant(tenant).filter(status=SnapshotJob.Status.QUEUED)[:most].count()


def _refuse_storage(tenant: Tenant) -> None:
    limit = tenant.max_storage_bytes
    if limit is None or (stored := usage.stored_bytes(tenant)) < limit:
        return
    values = {
        "stored": words.file_size(stored),
        "limit": words.file_size(limit),
        "days": tenant.retention_days,
        "platform": settings.PLATFORM_NAME,
    }
    raise Refused(
        "quota_exceeded",
        _("Your company’s files take %(stored)s of the %(limit)s that it may store, so no report is made.") % values
        + " "
        + _("A file is removed after %(days)d days. For more room ask %(platform)s.") % values,
    )


def _day_is_full(tenant: Tenant, number: int, now: datetime) -> Refused:
    day = usage.day_of(tenant, now)
    with timezone.override(tenant.zone):
        values = {
            "made": words.whole(usage.jobs_on(tenant, day)),
            "limit": words.whole(tenant.jobs_per_day or 0),
            "more": words.whole(number),
            "until": words.moment_long(usage.ends_at(tenant, day)),
            "city": words.zone_city(),
            "platform": settings.PLATFORM_NAME,
        }
    if number > 1:
        told = _("Your company has made %(made)s of the %(limit)s jobs that it may make today, and %(more)s more would be too many.")
    else:
        told = _("Your company has made %(made)s of the %(limit)s jobs that it may make today.")
    after = _("It can make more from %(until)s (%(city)s) on; scheduled reports go on meanwhile. For more ask %(platform)s.")
    return Refused("quota_exceeded", f"{told % values} {after % values}")
