"""Asking for a single job, for oneself or for the people of an audience."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime

from reports import jobs
from reports.handing import hand_to, people_in
from reports.jobs import Wanted
from reports.models import Audience, SnapshotJob
from reports.refused import Place, Refused
from tenants.audit import Actor
from tenants.models import Tenant


def request(tenant: Tenant, actor: Actor, wanted: Wanted, *, audience: uuid.UUID | None, deliver: bool, now: datetime) -> SnapshotJob:
    """`audience`: whose rows. `deliver`: its people get the files by mail.

    Raises Refused, and then nothing was stored. In the tenant's scope.
    """
    whose = _audience(tenant, audience)
    job = jobs.submit(tenant, actor, replace(wanted, audience=whose), now=now)
    if not deliver:
        return job
    people = people_in(whose) if whose else []
    if not people:
        detail = "There is nobody to deliver to: name an audience with recipients, or leave out deliver."
        raise Refused("no_recipients", detail, (Place(("deliver",), "invalid", detail),))
    hand_to(job, people, now)
    return job


def _audience(tenant: Tenant, id: uuid.UUID | None) -> Audience | None:
    if id is None:
        return None
    # Of a schedule that was retired nobody is served any more.
    found = Audience.objects.filter(tenant=tenant, pk=id, schedule__retired_at=None).first()
    if found is None:
        detail = "There is no such audience."
        raise Refused("unknown_reference", detail, (Place(("audience",), "does_not_exist", detail),))
    return found
