"""A visit inside a browser's session: which company it opens, and what can be done there."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import actors
from portal.requests import MemberRequest
from tenants import visiting
from tenants.access import VISIT_ACTS, VISIT_SEES, may
from tenants.models import SupportVisit, User
from tenants.scope import staff_scope

VISIT = "visit"
SAFE = ("GET", "HEAD", "OPTIONS")


def note(request: MemberRequest, visit: SupportVisit) -> None:
    request.session[VISIT] = {"id": str(visit.pk), "company": visit.tenant.slug}


def current(request: MemberRequest) -> SupportVisit | None:
    """The visit that goes on in this session. Asked anew each time: either side may have ended it. Outside any scope."""
    noted = request.session.get(VISIT)
    if noted is None or not (request.user.is_staff and request.user.is_active):
        return None
    with staff_scope(request.user):
        visit = visiting.find(uuid.UUID(noted["id"]), request.user, timezone.now())
    if visit is None:
        del request.session[VISIT]
    return visit


def of_company(request: MemberRequest, slug: str) -> SupportVisit | None:
    """The visit to this company. Nobody else's page asks the database about it."""
    noted = request.session.get(VISIT)
    return current(request) if noted and noted["company"] == slug else None


def may_on_visit(visit: SupportVisit, action: str) -> bool:
    """What its role may and visits may: to look, and where it was raised to do what gives nobody anything."""
    return may(visit.role, action) and (action in VISIT_SEES or (visit.may_act and action in VISIT_ACTS))


def refuse_act(request: HttpRequest, visit: SupportVisit, action: str) -> None:
    """Raises PermissionDenied. A page that only shows things takes no POST from a visitor either."""
    if may_on_visit(visit, action) and (request.method in SAFE or action in VISIT_ACTS):
        return
    if action in VISIT_ACTS and may(visit.role, action):
        raise PermissionDenied(_("This visit only looks. To act, raise it with a reason on the company’s staff page."))
    raise PermissionDenied(_("A visit does not come here: people, keys, second steps and the contents of files stay the company’s own."))


def _end_with_the_session(sender: Any, request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user is not None and user.is_staff and user.is_active:
        with staff_scope(user):
            visiting.end_all_of(user, actors.of(request, user), timezone.now())


user_logged_out.connect(_end_with_the_session, dispatch_uid="a visit ends with its session")
