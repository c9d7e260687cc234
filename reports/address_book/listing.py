"""The address book as it is read: people with their state, groups with their people, and what each of them gets."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Cast, Coalesce

from reports.models import (
    AudienceGroup,
    AudienceRecipient,
    Delivery,
    Download,
    GroupMember,
    Link,
    Occurrence,
    Recipient,
    RecipientGroup,
    Report,
    Suppression,
)
from reports.models.audiences import RecipientQuerySet
from tenants.models import Tenant

Reason = Suppression.Reason
STOPPED = (Reason.UNSUBSCRIBED, Reason.COMPLAINED)
WENT_OUT = (Occurrence.Status.DELIVERED, Occurrence.Status.PARTLY_DELIVERED)
COUNTED_UP_TO = 100  # and no further, so that a count costs the same however many there are


@dataclass(frozen=True)
class Gets:
    """A schedule that somebody gets. `rows`: the narrowing tags; `group`: by which group, or empty."""

    schedule_id: uuid.UUID
    title: str
    cron: str
    timezone: str
    enabled: bool
    rows: dict[str, str]
    group: str = ""


def with_facts(recipients: QuerySet[Recipient]) -> QuerySet[Any]:
    """`stopped`: the reason, or None; `group_names`; `last_download_at`, None: never by a link that was sent to them."""
    # Named ones alone: by their address there is an index.
    stopped = Suppression.objects.named().filter(tenant=OuterRef("tenant"), email=OuterRef("email"))
    # A link that was never used has no download: most have not, and need not be looked up.
    downloads = Download.objects.filter(tenant=OuterRef("tenant"), link__recipient=OuterRef("pk"), link__uses__gt=0)
    return with_groups(recipients).annotate(
        stopped=Subquery(stopped.values("reason")[:1]),
        last_download_at=Subquery(downloads.values("link__recipient").values(last=Max("at"))),
    )


def with_groups(recipients: QuerySet[Recipient]) -> QuerySet[Any]:
    """`group_names` and `group_ids`, by name."""
    groups = GroupMember.objects.filter(tenant=OuterRef("tenant"), recipient=OuterRef("pk")).order_by("group__name")
    return recipients.annotate(group_names=ArraySubquery(groups.values("group__name")), group_ids=ArraySubquery(groups.values("group")))


def with_mail(recipients: QuerySet[Recipient], now: datetime) -> QuerySet[Any]:
    """`last_mail_at` and `last_mail_status` of the newest delivery to the address, or None; `working_links`: how many they can open."""
    mails = Delivery.objects.filter(tenant=OuterRef("tenant"), address=OuterRef("email")).order_by("-created_at")
    links = Link.objects.active(now).filter(tenant=OuterRef("tenant"), email=OuterRef("email")).exclude(email="")
    return recipients.annotate(
        last_mail_at=Subquery(mails.values("created_at")[:1]),
        last_mail_status=Subquery(mails.values("status")[:1]),
        working_links=Coalesce(Subquery(links.values("email").values(count=Count("pk"))), 0),
    )


def matching(tenant: Tenant, *, query: str = "", group: str = "", report: str = "") -> RecipientQuerySet:
    """Those whose name or address has the words, who are in the group (an id), and who get the report (a slug), by a group or not."""
    found = Recipient.objects.for_tenant(tenant)
    if query:
        found = found.filter(Q(email__icontains=query) | Q(name__icontains=query))
    if group:
        found = found.filter(pk__in=GroupMember.objects.filter(tenant=tenant, group__pk=group).values("recipient"))
    if report:
        kept = {"audience__schedule__report__slug": report, "audience__schedule__retired_at": None}
        direct = AudienceRecipient.objects.filter(tenant=tenant, **kept).values("recipient")
        groups = AudienceGroup.objects.filter(tenant=tenant, **kept).values("group")
        found = found.filter(Q(pk__in=direct) | Q(pk__in=GroupMember.objects.filter(tenant=tenant, group__in=groups).values("recipient")))
    return found


def stopped(tenant: Tenant, reasons: Collection[str]) -> QuerySet[Suppression]:
    """With `recipient_id` and `name` of who has the address; None: nobody in the book, any more."""
    people = Recipient.objects.filter(tenant=OuterRef("tenant"), email=OuterRef("email"))
    found = Suppression.objects.named().filter(tenant=tenant, reason__in=reasons)
    return found.annotate(recipient_id=Subquery(people.values("pk")[:1]), name=Subquery(people.values("name")[:1]))


def counts(tenant: Tenant) -> dict[str, int]:
    """Of people, groups, and addresses by reason, each up to COUNTED_UP_TO: in one statement."""
    kinds = {
        "people": Recipient.objects.for_tenant(tenant),
        "groups": RecipientGroup.objects.filter(tenant=tenant),
        "bounced": Suppression.objects.named().filter(tenant=tenant, reason=Reason.BOUNCED),
        "stopped": Suppression.objects.named().filter(tenant=tenant, reason__in=STOPPED),
    }
    first, *others = [found.values_list(Value(kind))[:COUNTED_UP_TO] for kind, found in kinds.items()]
    found = dict.fromkeys(kinds, 0)
    for (kind,) in first.union(*others, all=True):
        found[kind] += 1
    return found


def gets_of_people(tenant: Tenant, recipients: Iterable[Recipient]) -> dict[uuid.UUID, list[Gets]]:
    """By recipient, and by title; a schedule that somebody gets twice is in it twice. One statement."""
    ids = [recipient.pk for recipient in recipients]
    direct = AudienceRecipient.objects.filter(tenant=tenant, recipient__in=ids)
    grouped = GroupMember.objects.filter(tenant=tenant, recipient__in=ids)
    found = _gets(direct, "recipient_id", "audience", Value("")).union(
        _gets(grouped, "recipient_id", "group__audience_groups__audience", F("group__name")), all=True
    )
    return _by_owner(found)


def groups_with_facts(tenant: Tenant) -> QuerySet[RecipientGroup]:
    """`people`: how many; `last_run_at`: when the newest run of a schedule that names the group went out, or None."""
    members = GroupMember.objects.filter(tenant=tenant, group=OuterRef("pk")).values("group").values(count=Count("pk"))
    runs = Occurrence.objects.for_tenant(tenant).filter(
        schedule__audiences__audience_groups__group=OuterRef("pk"), schedule__retired_at=None, status__in=WENT_OUT
    )
    return RecipientGroup.objects.filter(tenant=tenant).annotate(
        people=Coalesce(Subquery(members), 0), last_run_at=Subquery(runs.order_by("-planned_at").values("ended_at")[:1])
    )


def gets_of_groups(tenant: Tenant, groups: Iterable[RecipientGroup]) -> dict[uuid.UUID, list[Gets]]:
    found = AudienceGroup.objects.filter(tenant=tenant, group__in=[group.pk for group in groups])
    return _by_owner(_gets(found, "group_id", "audience", Value("")))


def choices(tenant: Tenant) -> tuple[dict[str, str], dict[str, str]]:
    """What the people can be narrowed to: names of groups by id, and of the reports of schedules by slug. One statement."""
    groups = RecipientGroup.objects.filter(tenant=tenant).values_list(Value("group"), Cast("pk", TextField()), "name")
    reports = Report.objects.filter(schedules__tenant=tenant, schedules__retired_at=None).values_list(Value("report"), "slug", "name")
    found = sorted(groups.union(reports), key=lambda choice: choice[2])
    in_groups, of_reports = ({key: name for kind, key, name in found if kind == wanted} for wanted in ("group", "report"))
    return in_groups, of_reports


def _gets(members: QuerySet, owner: str, audience: str, group: Value | F) -> QuerySet:
    schedule = f"{audience}__schedule"
    kept = members.filter(**{f"{schedule}__retired_at": None, f"{schedule}__isnull": False})
    columns = ("pk", "name", "report__name", "cron", "timezone", "enabled")
    return kept.values_list(owner, *(f"{schedule}__{column}" for column in columns), f"{audience}__session_tags", group)


def _by_owner(found: Iterable[tuple]) -> dict[uuid.UUID, list[Gets]]:
    by_owner = defaultdict(list)
    for owner, schedule, name, report, cron, zone, enabled, rows, group in found:
        by_owner[owner].append(Gets(schedule, name or report, cron, zone, enabled, rows, group))
    return {owner: sorted(gets, key=lambda one: one.title) for owner, gets in by_owner.items()}
