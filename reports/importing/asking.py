"""What staff do with a draft. In the staff scope; nothing is called, the worker is sent for when the transaction commits.

Each move names the turn that the person saw. Who comes second is told so, and nothing of theirs is stored.
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from reports import tasks
from reports.importing.wanted import Wanted
from reports.models import Account, CatalogueImport
from reports.refused import Refused
from tenants.models import User

Work = CatalogueImport.Work
logger = logging.getLogger(__name__)
NOTHING_FOUND: dict[str, Any] = {"found": {}, "wanted": {}, "verdict": {}, "checked_at": None}


@dataclass(frozen=True)
class Choices:
    """All that the form of a draft holds. `open_data_sets`: their rows are the same for everyone, for the reason given."""

    wanted: Wanted
    open_data_sets: list[str]
    open_reason: str


def begin(account: Account, user: User, now: datetime) -> CatalogueImport:
    draft = CatalogueImport.objects.create(account=account, created_at=now, touched_at=now, asked_by=user)
    _send(draft.pk, draft.turn)
    return draft


def read_again(draft: CatalogueImport, turn: int, user: User, now: datetime) -> None:
    _ask(draft, turn, Work.LIST, user, now)


def choose(draft: CatalogueImport, turn: int, dashboard_id: str, user: User, now: datetime) -> None:
    """Another dashboard is another draft in the same place: nothing of the last one is kept."""
    if dashboard_id not in {row["id"] for row in draft.dashboards}:
        raise Refused("unknown_dashboard", _("This dashboard is not in the list. Read the dashboards again."))
    _ask(draft, turn, Work.CHECK, user, now, dashboard_id=dashboard_id, **NOTHING_FOUND, **_said([], "", user))


def save(draft: CatalogueImport, turn: int, choices: Choices, user: User, now: datetime, *, publish: bool) -> bool:
    """Whether it is on its way into the catalogue; else it is kept and checked. It is not published before two agree on open data sets."""
    said = _said(choices.open_data_sets, choices.open_reason, user)
    same = (said["open_data_sets"], said["open_reason"]) == (draft.open_data_sets, draft.open_reason)
    on_its_way = publish and (draft.is_agreed if same else not choices.open_data_sets)
    work = Work.PUBLISH if on_its_way else Work.CHECK
    _ask(draft, turn, work, user, now, wanted=choices.wanted.as_json(), **({} if same else said))
    return on_its_way


def agree(draft: CatalogueImport, turn: int, user: User, now: datetime) -> None:
    """The second name. Raises Refused for the person who said it, and when there is nothing to agree on."""
    if draft.said_by_id is None or draft.agreed_by_id is not None:
        raise Refused("nothing_to_agree", _("There is nothing to agree on."))
    if draft.said_by_id == user.pk:
        raise Refused("same_person", _("You said it yourself. Another member of staff has to agree."))
    _move(draft, turn, now, agreed_by=user)


def discard(draft: CatalogueImport, turn: int, user: User) -> None:
    """Whatever the worker does with it meanwhile comes to nothing, unless it was published first: then Refused."""
    discarded, _rows = CatalogueImport.objects.drafts().filter(pk=draft.pk, turn=turn).delete()
    if not discarded:
        raise _changed_meanwhile()
    logger.info("import %s: discarded by user %s, dashboard %s", draft.pk, user.pk, draft.dashboard_id or "not chosen")


def _said(open_data_sets: list[str], reason: str, user: User) -> dict[str, Any]:
    """Whoever says something else than before needs somebody to agree again."""
    if not open_data_sets:
        return {"open_data_sets": [], "open_reason": "", "said_by": None, "agreed_by": None}
    return {"open_data_sets": sorted(open_data_sets), "open_reason": reason, "said_by": user, "agreed_by": None}


def _ask(draft: CatalogueImport, turn: int, work: str, user: User, now: datetime, **changes: Any) -> None:
    _move(draft, turn, now, work=work, asked_by=user, tries=0, fault="", **changes)
    _send(draft.pk, turn + 1)


def _move(draft: CatalogueImport, turn: int, now: datetime, **changes: Any) -> None:
    moved = CatalogueImport.objects.idle(draft.pk, turn).update(turn=F("turn") + 1, touched_at=now, **changes)
    if not moved:
        raise _changed_meanwhile()


def _changed_meanwhile() -> Refused:
    return Refused("changed_meanwhile", _("This import was changed in the meantime, perhaps by somebody else. Here is how it is now."))


def _send(import_id: uuid.UUID, turn: int) -> None:
    # Robust: what staff want is stored, and a message that could not be sent costs minutes; an error would make them ask twice.
    transaction.on_commit(lambda: tasks.send_import(import_id, turn), robust=True)
