"""A list of people from a file: what it would do, corrections in place, and saving it all at once.

Nothing is kept between the steps. The list itself goes along in one hidden field of the form, already in our own spelling, and each
answer judges it anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from portal import actors
from portal.pages import SeeOther, tenant_page
from portal.recipient_forms import UploadForm
from portal.requests import TenantRequest
from reports.address_book import lists
from reports.address_book.lists import Line, PeopleList
from reports.address_book.upload import Judged, Result, judge, save
from reports.csv_text import BOM
from reports.refused import Refused

# Rows on a page; the rest is reached by the row of results, and is saved all the same.
SHOWN = 200
FIELDS = ("email", "name", "groups", "language")
RESULTS = (
    ("", gettext_lazy("All")),
    (Result.WRONG, gettext_lazy("Need a change")),
    (Result.NEW, gettext_lazy("New")),
    (Result.CHANGED, gettext_lazy("Changed")),
    (Result.SAME, gettext_lazy("No change")),
)
DELIMITERS = {";": gettext_lazy("semicolon separated"), ",": gettext_lazy("comma separated"), "\t": gettext_lazy("tab separated")}


@dataclass(frozen=True)
class Draft:
    """A list on its way. `told`: how it was read, in words; `source`: the file's name, or empty."""

    lines: list[Line]
    source: str
    told: str


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("recipients.manage")
def upload(request: TenantRequest) -> HttpResponse:
    if request.method != "POST":
        return _choose(request)
    try:
        draft = _sent(request)
    except Refused as refused:
        return _choose(request, refused.detail)
    match request.POST.get("act"):
        case "save":
            return _save(request, draft)
        case "wrong":
            return _wrong_lines(request, draft)
    return _preview(request, draft)


def _choose(request: TenantRequest, fault: str = "") -> HttpResponse:
    limits = {"lines": lists.MAX_LINES, "kilobytes": lists.MAX_BYTES // 1000}
    return render(request, "portal/recipients_upload.html", {"form": UploadForm(), "fault": fault} | limits, status=422 if fault else 200)


def _sent(request: TenantRequest) -> Draft:
    """A new list, or the one that is being worked on with what was corrected. Raises Refused for what is no list."""
    file = request.FILES.get("file")
    if file:
        # One byte more than is taken: enough to refuse it.
        return _read(file.read(2 * lists.MAX_BYTES + 1), file.name or "")
    if "list" in request.POST:
        read = lists.read(request.POST["list"])
        told, source = _typed(request.POST, "told")[:300], _typed(request.POST, "source")[:200]
        return Draft([_corrected(line, number, request.POST) for number, line in enumerate(read.lines)], source, told)
    return _read(request.POST.get("text", ""), "")


def _read(data: bytes | str, source: str) -> Draft:
    read = lists.read(data)
    return Draft(read.lines, source[:200].replace("\0", ""), _told(read))


def _told(read: PeopleList) -> str:
    count = ngettext("%(n)d line", "%(n)d lines", len(read.lines)) % {"n": len(read.lines)}
    columns = _("columns %(names)s") % {"names": ", ".join(lists.HEADS[name] for name in read.columns)}
    ignored = [_("not used: %(names)s") % {"names": ", ".join(read.ignored)}] if read.ignored else []
    return ", ".join([count, str(DELIMITERS[read.delimiter]), read.encoding, columns, *ignored])


def _corrected(line: Line, number: int, post: QueryDict) -> Line:
    typed = {name: _typed(post, f"{name}-{number}").strip()[: lists.MAX_CELL] for name in FIELDS if f"{name}-{number}" in post}
    return replace(
        line,
        email=typed.get("email", line.email),
        name=typed.get("name", line.name),
        groups=lists.groups_in(typed["groups"]) if "groups" in typed else line.groups,
        language=typed.get("language", line.language),
    )


def _typed(post: QueryDict, name: str) -> str:
    """Without NUL, which no keyboard has and no database takes."""
    return str(post.get(name, "")).replace("\0", "")


def _save(request: TenantRequest, draft: Draft) -> HttpResponse:
    leave_out = "leave_out" in request.POST
    try:
        saved = save(request.tenant, actors.member(request), draft.lines, leave_out=leave_out, source=draft.source, now=timezone.now())
    except Refused:
        return _preview(request, draft, show=Result.WRONG, status=422)
    told = [
        ngettext("%(n)d person was added", "%(n)d people were added", saved.added) % {"n": saved.added},
        ngettext("%(n)d was changed", "%(n)d were changed", saved.changed) % {"n": saved.changed},
    ]
    if saved.left_out:
        told.append(ngettext("%(n)d line was left out", "%(n)d lines were left out", saved.left_out) % {"n": saved.left_out})
    messages.success(request, ", ".join(told) + ".")
    return SeeOther(reverse("recipients", args=[request.tenant.slug]))


def _wrong_lines(request: TenantRequest, draft: Draft) -> HttpResponse:
    """To correct them where the list came from; uploaded again, the last column is passed over."""
    wrong = [one for one in judge(request.tenant, draft.lines) if one.result == Result.WRONG]
    body = lists.write([one.line for one in wrong], remarks=[" ".join(one.faults.values()) for one in wrong])
    headers = {"Content-Disposition": 'attachment; filename="lines-with-errors.csv"'}
    return HttpResponse(BOM + body, content_type="text/csv; charset=utf-8", headers=headers)


def _preview(request: TenantRequest, draft: Draft, *, show: str | None = None, status: int = 200) -> HttpResponse:
    judged = judge(request.tenant, draft.lines)
    count = Counter(one.result for one in judged)
    show = request.POST.get("show", "") if show is None else show
    listed = [(number, one) for number, one in enumerate(judged) if not show or one.result == show]
    context = {
        "draft": draft,
        "text": lists.write([one.line for one in judged], numbered=True),
        "results": [(value, word, count[Result(value)] if value else len(judged), value == show) for value, word in RESULTS],
        "show": show,
        "rows": [(number, one, list(_cells(number, one))) for number, one in listed[:SHOWN]],
        "listed": len(listed),
        "total": len(judged),
        "wrong": count[Result.WRONG],
        "right": len(judged) - count[Result.WRONG],
        "added": count[Result.NEW],
        "changed": count[Result.CHANGED],
        "leave_out": "leave_out" in request.POST or "list" not in request.POST,
    }
    return render(request, "portal/recipients_preview.html", context, status=status)


def _cells(number: int, judged: Judged) -> Iterable[dict[str, Any]]:
    line = judged.line
    values = {"email": line.email, "name": line.name, "groups": lists.groups_text(line.groups), "language": line.language}
    words = {"email": _("Email"), "name": _("Name"), "groups": _("Group"), "language": _("Language")}
    for name in FIELDS:
        fault, field = judged.faults.get(name, ""), f"{name}-{number}"
        yield {"name": name, "word": words[name], "value": values[name], "fault": fault, "field": field, "changes": name in judged.changes}
