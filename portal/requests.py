"""What a request carries by the time a view gets it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from tenants.models import SupportVisit, Tenant, User
from tenants.models.members import Role


class MemberRequest(HttpRequest):
    """Of somebody who is signed in, which every view asks for unless it says otherwise (OnlyWhereAskedMiddleware)."""

    user: User
    htmx: HtmxDetails
    # Set where a second step will be asked for, with the time from which on.
    second_step_until: datetime


class StaffRequest(MemberRequest):
    """Of platform staff, across companies; see portal/staff_pages.py."""


class TenantRequest(MemberRequest):
    """Inside a company; see portal/pages.py."""

    tenant: Tenant
    role: Role
    may: Callable[[str], bool]
    # The visit of platform staff that it is part of. None: one of the company's own people.
    visit: SupportVisit | None
    # The database was put back from a backup, and nothing runs until staff let it go on.
    is_restored: bool
    # The jobs that need attention, whose number stands in the sidebar of every page.
    failing: Callable[[], list[uuid.UUID]]
    # On a page that refuses: name and address of somebody who may say more. None: there is nobody.
    ask: tuple[str, str] | None
