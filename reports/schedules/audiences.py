"""The audiences of a schedule: who gets which rows. The one without a name gets all of the company's."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from reports.destinations import choosing
from reports.models import Audience, Delivery, Destination, GroupMember, Report, Schedule
from reports.refused import Place, Refused
from reports.schedules import addressees
from reports.schedules.addressees import Addressees
from reports.session_tags import refuse_unsafe_narrowing
from tenants.audit import Actor, record
from tenants.models import SessionTag, Tenant

MAX_NAME = 120


@dataclass(frozen=True)
class Through:
    """One way in which somebody gets an audience's rows. `group` is its name; empty: by name."""

    audience: Audience
    email: str
    name: str
    group: str


def company_tags(tenant: Tenant) -> dict[str, str]:
    """In the tenant's scope."""
    return dict(SessionTag.objects.filter(tenant=tenant).order_by("key").values_list("key", "value"))


def narrowing_keys(tenant: Tenant, report: Report) -> list[str]:
    """What the report's rows can be narrowed by: the keys of its rules, without those that are the company's own."""
    rules = {rule["key"] for data_set in report.row_rules for rule in data_set["rules"]}
    return sorted(rules - company_tags(tenant).keys() - set(report.required_tags))


def save(
    schedule: Schedule,
    actor: Actor,
    *,
    audience: Audience | None = None,
    name: str,
    session_tags: dict[str, str],
    people: Addressees | None,
    destinations: list[Destination] | None = None,
    now: datetime,
) -> Audience:
    """In the tenant's scope. Raises Refused with a place for each fault, and then nothing was stored. `people` and `destinations` None: as
    they are."""
    tenant = schedule.tenant
    tags = {key.strip(): value.strip() for key, value in session_tags.items() if key.strip() or value.strip()}
    is_default = audience is not None and not audience.name
    faults = [*_name_faults(schedule, audience, name, is_default), *_tag_faults(schedule, tags, is_default)]
    faults += people.places("recipients") if people else []
    if faults:
        raise Refused("audience_invalid", " ".join(fault.detail for fault in faults), tuple(faults))
    if people:
        addressees.take_room(tenant, people)
    before: dict[str, Any] = {"name": audience.name, "session_tags": audience.session_tags} if audience else {}
    audience = audience or Audience(tenant=tenant, schedule=schedule)
    audience.tenant, audience.name, audience.session_tags = tenant, name, tags
    try:
        with transaction.atomic():
            audience.save()
    except IntegrityError:
        raise _taken(name) from None
    had, has = addressees.put(audience, people) if people else (addressees.told(audience),) * 2
    sent_to, sends_to = choosing.put(audience, destinations) if destinations is not None else (choosing.told(audience),) * 2
    before |= {"recipients": had, "destinations": sent_to} if before else {}
    after = {"name": name, "session_tags": tags, "recipients": has, "destinations": sends_to}
    if not before:
        record(actor, "audience.created", now=now, tenant=tenant, about=audience, after=after | {"schedule": schedule.slug})
    elif before != after:
        record(actor, "audience.changed", now=now, tenant=tenant, about=audience, before=before, after=after)
    return audience


def remove(audience: Audience, actor: Actor, *, now: datetime) -> None:
    """What was sent stays in the history under its name, and its people in the address book."""
    before = {"name": audience.name, "session_tags": audience.session_tags, "recipients": addressees.told(audience)}
    before["destinations"] = choosing.told(audience)
    record(actor, "audience.removed", now=now, tenant=audience.tenant, about=audience, before=before)
    # Here and not by a cascade of the database: a delivery keeps its row and loses only its audience.
    Delivery.objects.for_tenant(audience.tenant).filter(audience=audience).update(audience=None)
    audience.delete()


def copy(source: Schedule, target: Schedule, actor: Actor, *, now: datetime) -> None:
    """The named audiences of `source`, for a new schedule that has none. In the tenant's scope; both are of the same tenant."""
    of_target = Audience.objects.filter(tenant=target.tenant, schedule=target)
    if target.report_id != source.report_id or of_target.exclude(name="").exists():
        return
    for audience in Audience.objects.filter(tenant=source.tenant, schedule=source).exclude(name=""):
        audience.tenant = source.tenant
        people = addressees.read(source.tenant, addressees.lines_of(audience))
        there = choosing.by_id(source.tenant, choosing.of_audience(audience))
        save(target, actor, name=audience.name, session_tags=audience.session_tags, people=people, destinations=there, now=now)


def who_gets(schedule: Schedule) -> list[Through]:
    """Everybody, once for each way. In the tenant's scope, two questions."""
    tenant = schedule.tenant
    audiences = Audience.objects.filter(tenant=tenant, schedule=schedule).order_by("name")
    direct = audiences.filter(members__isnull=False).values_list("pk", "members__recipient__email", "members__recipient__name")
    by_id: dict[uuid.UUID, Audience] = {audience.pk: audience for audience in audiences}
    found = [Through(by_id[pk], email, name, "") for pk, email, name in direct]
    members = GroupMember.objects.filter(tenant=tenant, group__audience_groups__audience__schedule=schedule)
    in_groups = members.values_list("group__audience_groups__audience", "recipient__email", "recipient__name", "group__name")
    found += [Through(by_id[pk], email, name, group) for pk, email, name, group in in_groups if pk in by_id]
    return found


def _name_faults(schedule: Schedule, audience: Audience | None, name: str, is_default: bool) -> list[Place]:
    if is_default and not name:
        return []
    if not name or len(name) > MAX_NAME or not name.isprintable():
        return [Place(("name",), "invalid", _("A name of 1 to %(limit)d characters is needed.") % {"limit": MAX_NAME})]
    others = Audience.objects.filter(tenant=schedule.tenant, schedule=schedule, name__iexact=name)
    if (others.exclude(pk=audience.pk) if audience else others).exists():
        return list(_taken(name).places)
    return []


def _taken(name: str) -> Refused:
    detail = _("This schedule has an audience called “%(name)s” already.") % {"name": name}
    return Refused("name_taken", detail, (Place(("name",), "name_taken", detail),))


def _tag_faults(schedule: Schedule, tags: dict[str, str], is_default: bool) -> list[Place]:
    if is_default and tags:
        return [Place(("session_tags",), "invalid", _("Give the audience a name before you narrow its rows."))]
    if not tags:
        return []
    try:
        refuse_unsafe_narrowing(company_tags(schedule.tenant), tags, schedule.report)
    except Refused as refused:
        return list(refused.places) or [Place(("session_tags",), refused.code, refused.detail)]
    return []
