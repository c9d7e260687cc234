"""Mails without files: asked for here in the transaction of the act, written and sent by the courier."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from reports.models import Notice
from tenants.models import Tenant


def ask_for(
    tenant: Tenant, kind: Notice.Kind, key: str, address: str, *, now: datetime, language: str = "", **about: Any
) -> tuple[Notice, bool]:
    """The notice, and whether it is new: the same key asks for the same mail. In the tenant's scope.

    `about`: schedule, occurrence, job, link, and `data` without secrets.
    """
    return Notice.objects.get_or_create(
        tenant=tenant,
        key=key,
        defaults={"kind": kind, "address": address, "language": language or tenant.language, "next_try_at": now, "created_at": now} | about,
    )
