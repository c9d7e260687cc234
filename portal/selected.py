"""The form around a list whose rows can be selected: what it sent, and what came of it in words."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.forms import RetryForm
from portal.requests import TenantRequest
from reports.selected import MOST, Outcome

# A note that nobody has to read: it names rows.
ROWS = "rows"


@dataclass(frozen=True)
class Selected:
    """`ids` may be anybody's; `form_key` makes a form that is sent twice do its work once."""

    ids: list[uuid.UUID]
    form_key: uuid.UUID


def read(request: HttpRequest, name: str = "id") -> Selected | None:
    """None: nothing was selected, or more than a page lists; a message says so. What is no id at all is nobody's row."""
    ids = [found for text in dict.fromkeys(request.POST.getlist(name)) if (found := as_id(text))]
    if not ids or len(ids) > MOST:
        told = _("At most %(most)d rows can be selected at once.") % {"most": MOST} if ids else _("Nothing was selected.")
        messages.error(request, told)
        return None
    form = RetryForm(request.POST)
    return Selected(ids, form.cleaned_data["form_key"] if form.is_valid() else uuid.uuid4())


def as_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def undo_tag(request: TenantRequest, name: str, token: str) -> str:
    """What makes a message a toast with a button. `name`: of the address that takes it back; without a token it is a plain message."""
    return f"undo {reverse(name, args=[request.tenant.slug])} {token}" if token else ""


def tell(request: TenantRequest, done: str, outcome: Outcome, undo: str = "") -> None:
    """`done`: such as "12 retried". `undo`: of `undo_tag`."""
    sentence = f"{done}, {_left(outcome)}." if outcome.left else f"{done}."
    if outcome.gone:
        sentence += f" {_gone(outcome.gone)}"
    if outcome.done:
        messages.success(request, sentence, undo)
    else:
        messages.error(request, sentence)
    named = [f"{name}: {why}" for name, why in outcome.left if name]
    if named:
        messages.info(request, "\n".join(named), ROWS)


def _gone(names: list[str]) -> str:
    told = ngettext(
        "A destination was deleted meanwhile, and nothing is sent there any more: %(names)s.",
        "%(n)d destinations were deleted meanwhile, and nothing is sent there any more: %(names)s.",
        len(names),
    )
    return told % {"n": len(names), "names": ", ".join(names)}


def _left(outcome: Outcome) -> str:
    """`1 could not be: already running`, `3 could not be: 2 already running, 1 not found`"""
    whys = Counter(str(why).rstrip(".") for _name, why in outcome.left)
    told = (
        next(iter(whys))
        if len(whys) == 1
        else ", ".join(f"{number} {why}" for why, number in sorted(whys.items(), key=lambda pair: (-pair[1], pair[0])))
    )
    return _("%(n)d could not be: %(why)s") % {"n": len(outcome.left), "why": told}
