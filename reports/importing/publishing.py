"""The draft becomes a report: its entry, its parameters and its grants, in one transaction or not at all."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from reports.importing.checking import Isolation, TenantTags, check, isolation, preflight_of
from reports.importing.contents import Contents
from reports.importing.wanted import Wanted
from reports.models import CatalogueImport, Grant, Report
from reports.refused import Refused
from tenants.audit import Actor, record
from tenants.models import SessionTag, Tenant, User
from tenants.scope import platform_scope, tenant_scope

# Held until the commit by whoever writes the catalogue, `apply` too: what was found missing must not appear in between.
CATALOGUE_LOCK = (7202, 0)


def publish(draft: CatalogueImport, contents: Contents, now: datetime) -> None:
    """Raises Refused, and then nothing was written. Does nothing when somebody else was quicker."""
    if contents.dashboard.version != draft.found.get("version"):
        versions = {"now": contents.dashboard.version, "then": draft.found.get("version")}
        raise Refused(
            "republished",
            _("The dashboard was published again since it was checked: version %(now)s, not %(then)s. Read it again, look, and publish.")
            % versions,
        )
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s, %s)", CATALOGUE_LOCK)
        with platform_scope():
            asked = CatalogueImport.objects.asked(draft.pk, draft.turn).select_for_update().first()
            if asked is not None:
                people = _people(asked)
        if asked is not None:
            _publish(asked, contents, people, now)


def tenants_with_tags(only: Iterable[str] | None = None) -> list[TenantTags]:
    """By name. Each tenant's tags are read in its own scope, and no value of them leaves the worker."""
    with platform_scope():
        tenants = Tenant.objects.order_by("name", "slug").values_list("pk", "name")
        found = list(tenants if only is None else tenants.filter(pk__in=only))
    return [TenantTags(str(pk), name, _tags(pk)) for pk, name in found]


def possible_clashes(wanted: Wanted, draft: CatalogueImport) -> list[Report]:
    """In the platform's scope: reports of the same slug, and those of the same dashboard."""
    of_dashboard = Report.objects.filter(account=draft.account_id, dashboard_id=draft.dashboard_id)
    return list(of_dashboard | Report.objects.filter(slug=wanted.slug))


def _tags(tenant_id: uuid.UUID) -> dict[str, str]:
    with tenant_scope(tenant_id):
        return dict(SessionTag.objects.filter(tenant=tenant_id).values_list("key", "value"))


def _people(draft: CatalogueImport) -> dict[int, User]:
    """Who asked, who said that rows are open and who agreed: all of them have to be staff at this very moment."""
    needed = {draft.asked_by_id} | ({draft.said_by_id, draft.agreed_by_id} if draft.open_data_sets else set())
    staff = User.objects.filter(is_staff=True, is_active=True)
    people = {user.pk: user for user in staff.filter(pk__in=[pk for pk in needed if pk is not None])}
    if needed != people.keys() or (draft.open_data_sets and not draft.is_agreed):
        raise Refused("not_staff", _("Somebody who asked for this or agreed to it is no longer staff. Choose the dashboard again."))
    return people


def _publish(draft: CatalogueImport, contents: Contents, people: dict[int, User], now: datetime) -> None:
    wanted = Wanted.from_json(draft.wanted)
    with platform_scope():
        clashes = possible_clashes(wanted, draft)
    verdict = check(contents, wanted, draft.open_data_sets, tenants_with_tags(wanted.tenants), clashes)
    result = preflight_of(contents, wanted, draft.open_data_sets)
    if verdict["faults"] or result.status != Report.Preflight.PASSED:
        raise Refused("not_publishable", " ".join(fault["text"] for fault in verdict["faults"]) or result.detail)
    actor = Actor(people[draft.asked_by_id].email, user_id=draft.asked_by_id)
    with platform_scope():
        report = _create(draft, wanted, isolation(contents, draft.open_data_sets), result.columns(now))
        record(actor, "report.created", now=now, tenant=None, about=report, after=wanted.as_json() | {"dashboard_id": draft.dashboard_id})
        _add_parameters(report, wanted, actor, now)
        _note_open_rows(report, draft, people, actor, now)
        CatalogueImport.objects.filter(pk=draft.pk).update(
            work=CatalogueImport.Work.NONE, fault="", tries=0, report=report, published_at=now, verdict=verdict, checked_at=now
        )
    for tenant_id in wanted.tenants:
        _grant(report, tenant_id, wanted, actor, now)


def _create(draft: CatalogueImport, wanted: Wanted, held: Isolation, checked: dict[str, Any]) -> Report:
    return Report.objects.create(
        slug=wanted.slug,
        name=wanted.name,
        account_id=draft.account_id,
        dashboard_id=draft.dashboard_id,
        sheet_id=wanted.sheet_id,
        visual_ids=wanted.visual_ids,
        formats=wanted.formats,
        required_tags=held.required_tags,
        open_data_sets=draft.open_data_sets,
        **checked,
    )


def _add_parameters(report: Report, wanted: Wanted, actor: Actor, now: datetime) -> None:
    for position, parameter in enumerate(wanted.offered):
        row = parameter.as_row()
        row.report, row.position = report, position
        row.save(force_insert=True)
        after = {"name": row.name, "type": row.type, "multiple": row.multiple, "choices": row.choices, "default": row.default}
        record(actor, "parameter.created", now=now, tenant=None, about=row, after=after)


def _note_open_rows(report: Report, draft: CatalogueImport, people: dict[int, User], actor: Actor, now: datetime) -> None:
    """Who said that these rows are nobody's own, who agreed, and why."""
    if not draft.open_data_sets:
        return
    said_by, agreed_by = (people[pk].email for pk in (draft.said_by_id, draft.agreed_by_id) if pk is not None)
    after = {"data_sets": draft.open_data_sets, "reason": draft.open_reason, "said_by": said_by, "agreed_by": agreed_by}
    record(actor, "report.same_for_everyone", now=now, tenant=None, about=report, after=after)


def _grant(report: Report, tenant_id: str, wanted: Wanted, actor: Actor, now: datetime) -> None:
    with tenant_scope(tenant_id):
        tenant = Tenant.objects.get(pk=tenant_id)
        grant = Grant.objects.create(tenant=tenant, report=report, parameters=wanted.pinned)
        record(actor, "grant.created", now=now, tenant=tenant, about=grant, after={"report": report.slug, "parameters": grant.parameters})
