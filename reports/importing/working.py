"""The worker's part: one thing that staff asked for, done and written down, or the reason why not.

No transaction is open while QuickSight is asked. What staff asked for in the meantime is another turn, and what was found then is dropped.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from reports.aws.catalogue import Summary
from reports.aws.errors import AccessDenied, AccountRefused, AwsError, NotFound, NoVerdict, Throttled
from reports.aws.quicksight import QuickSight
from reports.calls import counting
from reports.catalogue import facts_of
from reports.engine.limiter import slow_down, wait_for_turn
from reports.importing.checking import check
from reports.importing.contents import read
from reports.importing.publishing import possible_clashes, publish, tenants_with_tags
from reports.importing.wanted import Wanted, proposal
from reports.models import CatalogueImport
from reports.models.imports import MAX_TRIES
from reports.refused import Refused
from tenants.scope import platform_scope

Work = CatalogueImport.Work


def work(import_id: uuid.UUID, turn: int, now: datetime) -> None:
    draft = _take(import_id, turn, now)
    if draft is None:
        return
    quicksight = QuickSight(facts_of(draft.account), gate=lambda: wait_for_turn(draft.account_id), heard=counting(draft.account_id))
    try:
        STEPS[Work(draft.work)](draft, quicksight, now)
    except Refused as refused:
        _give_up(draft, refused.detail)
    except AwsError as error:
        if isinstance(error, Throttled):
            slow_down(draft.account_id)
        _give_up(draft, _no_answer(error, draft))


def overdue(now: datetime) -> list[tuple[uuid.UUID, int]]:
    """(id, turn) of what nobody deals with: the message that sends the worker may be lost."""
    with platform_scope():
        return list(CatalogueImport.objects.overdue(now).values_list("pk", "turn"))


def forget_abandoned(now: datetime) -> None:
    with platform_scope():
        CatalogueImport.objects.abandoned(now).delete()


def _take(import_id: uuid.UUID, turn: int, now: datetime) -> CatalogueImport | None:
    """None: it was done, or something else was asked for. Counted before the work, so that what kills the worker ends too."""
    with platform_scope():
        asked = CatalogueImport.objects.asked(import_id, turn)
        taken = asked.filter(tries__lt=MAX_TRIES).update(tries=F("tries") + 1, touched_at=now)
        draft = asked.select_related("account").first()
    if draft is not None and not taken:
        _give_up(draft, _("The worker began this %(n)d times and never came to an end. Its log says why.") % {"n": MAX_TRIES})
        return None
    return draft


def _list(draft: CatalogueImport, quicksight: QuickSight, now: datetime) -> None:
    dashboards = sorted(quicksight.list_dashboards(), key=lambda dashboard: (dashboard.name.casefold(), dashboard.id))
    listed: dict[str, Any] = {"dashboards": [_summary(dashboard) for dashboard in dashboards], "listed_at": now}
    _settle(draft, **listed | (_checked(draft, quicksight, now) if draft.dashboard_id else {}))


def _check(draft: CatalogueImport, quicksight: QuickSight, now: datetime) -> None:
    _settle(draft, **_checked(draft, quicksight, now))


def _checked(draft: CatalogueImport, quicksight: QuickSight, now: datetime) -> dict[str, Any]:
    contents = read(quicksight, draft.dashboard_id)
    wanted = Wanted.from_json(draft.wanted) if draft.wanted else proposal(contents)
    tenants = tenants_with_tags()
    with platform_scope():
        clashes = possible_clashes(wanted, draft)
    verdict = check(contents, wanted, draft.open_data_sets, tenants, clashes)
    return {"found": contents.as_json(), "wanted": wanted.as_json(), "verdict": verdict, "checked_at": now}


def _publish(draft: CatalogueImport, quicksight: QuickSight, now: datetime) -> None:
    publish(draft, read(quicksight, draft.dashboard_id), now)


STEPS: dict[CatalogueImport.Work, Callable[[CatalogueImport, QuickSight, datetime], None]] = {
    Work.LIST: _list,
    Work.CHECK: _check,
    Work.PUBLISH: _publish,
}


def _settle(draft: CatalogueImport, **found: Any) -> None:
    with platform_scope():
        CatalogueImport.objects.asked(draft.pk, draft.turn).update(work=Work.NONE, tries=0, **{"fault": ""} | found)


def _give_up(draft: CatalogueImport, fault: str) -> None:
    _settle(draft, fault=fault)


def _summary(dashboard: Summary) -> dict[str, Any]:
    published_at = dashboard.published_at
    return asdict(dashboard) | {"published_at": published_at.isoformat() if published_at else None}


def _no_answer(error: AwsError, draft: CatalogueImport) -> str:
    names = {"id": draft.dashboard_id, "code": error.code, "account": draft.account.name}
    if isinstance(error, NotFound):
        return _("There is no dashboard “%(id)s” in account “%(account)s” any more. Read the dashboards again.") % names
    # Refused for good or until somebody mends it; the second is a kind of NoVerdict, and no silence.
    if isinstance(error, AccessDenied | AccountRefused):
        sentence = _("QuickSight refused access to account “%(account)s” (%(code)s).") % names
        return sentence + " " + _("The worker's credentials, or the account's role, need the permissions that docs/operations.md lists.")
    if isinstance(error, NoVerdict):
        return _("QuickSight did not answer for account “%(account)s” (%(code)s). Nothing is lost: try again.") % names
    return _("QuickSight refused the request (%(code)s).") % names
