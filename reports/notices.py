"""Mails without files: asked for here in the transaction of the act, written and sent by the courier."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from reports.models import Notice
from tenants.membership import language_of_member
from tenants.models import Tenant


def ask_for(
    tenant: Tenant, kind: Notice.Kind, key: str, address: str, *, now: datetime, language: str = "", **about: Any
) -> tuple[Notice, bool]:
    """The notice, and whether it is new: the same key asks for the same mail. In the tenant's scope.

    `language` empty: what a member with this address chose, else the company's. `about`: schedule, occurrence, job, link, and `data`
    without secrets.
    """
    values = {"kind": kind, "address": address, "next_try_at": now, "created_at": now} | about
    # Called only where there is none yet.
    values["language"] = lambda: language or language_of_member(tenant, address) or tenant.language
    return Notice.objects.get_or_create(tenant=tenant, key=key, defaults=values)
