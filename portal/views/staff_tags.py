"""The session tags of a company: typed, reviewed, tried in a dry run, put in force."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from portal import actors
from portal.live import Live, poll_seconds
from portal.pages import SeeOther
from portal.reauthentication import recently_authenticated
from portal.requests import StaffRequest
from portal.staff_pages import staff_page, staff_tenant_page
from portal.tag_forms import DryRunForm, PutInForceForm, TagLines
from reports import files, tagging
from reports.models import Grant, TagDraft
from reports.refused import Refused
from tenants.audit import record
from tenants.models import AuditEvent, Tenant
from tenants.scope import staff_scope, tenant_scope

HISTORY_SHOWN = 8


@require_http_methods(["GET", "HEAD", "POST"])
@staff_tenant_page("tags.view")
def tags(request: StaffRequest, tenant: Tenant) -> HttpResponse:
    """POST keeps a draft, which changes nothing yet."""
    found = tagging.draft_of(tenant)
    lines = TagLines.of(found.tags if found else tagging.in_force(tenant))
    if request.method == "POST":
        lines = TagLines.read(request.POST)
        try:
            if not lines.fault:
                tagging.draft(tenant, lines.tags, actors.member(request), timezone.now())
                return SeeOther(reverse("staff_tags_review", args=[tenant.slug]))
        except Refused as refused:
            lines.fault = refused.detail
    history = AuditEvent.objects.filter(tenant=tenant, action__startswith="session_tag").order_by("-at", "-id")[:HISTORY_SHOWN]
    context = {"tenant": tenant, "lines": lines, "draft": found, "uses": _uses(tenant), "history": history}
    return render(request, "staff/tags.html", context, status=422 if lines.fault else 200)


@recently_authenticated
@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@staff_tenant_page("tags.change")
def review(request: StaffRequest, tenant: Tenant) -> HttpResponse:
    """What would change, and for whom. POST puts it in force."""
    found = tagging.draft_of(tenant)
    if found is None:
        return redirect("staff_tags", tenant.slug)
    now = timezone.now()
    wanting = tagging.wanting_tags(tenant, now)
    live = _live(request, found)
    if live.unchanged:
        return HttpResponse(status=204)
    form = PutInForceForm(request.POST if request.method == "POST" else None, initial={"draft": found.fingerprint})
    if form.is_valid():
        try:
            if form.cleaned_data["draft"] != found.fingerprint:
                # Another one's draft, which nobody has reviewed by this page.
                raise Refused("tags_changed", _("Somebody changed this draft meanwhile. Look at it again."))
            tagging.put_in_force(found, form.cleaned_data["reason"], actors.member(request), now)
        except Refused as refused:
            form.refuse(refused)
        else:
            again = tagging.run_again(tenant, wanting, actors.member(request), now) if form.cleaned_data["again"] else 0
            messages.success(request, _("The tags are in force for jobs that start from now on."))
            if again:
                messages.info(request, ngettext("%(n)d job runs again.", "%(n)d jobs run again.", again) % {"n": again})
            return SeeOther(reverse("staff_tags", args=[tenant.slug]))
    if form.is_bound:
        # Of what is on the page now.
        form.data = request.POST.dict() | {"draft": found.fingerprint}
    reviewed = tagging.review(found)
    context = {
        "tenant": tenant,
        "draft": found,
        "changes": tagging.changes(found),
        "is_stale": tagging.in_force(tenant) != found.instead_of,
        "reviewed": reviewed,
        "is_broken": any(one.breaks for one in reviewed),
        "changed": sum(one.changes for one in reviewed),
        "wanting": len(wanting),
        "form": form,
        "dry_run": DryRunForm([one.report for one in reviewed]),
        "files": tagging.dry_files(found),
        "live": live,
    }
    template = "staff/_tags_dry_run.html" if live.asked else "staff/tags_review.html"
    return render(request, template, context, status=422 if form.errors else 200)


@require_POST
@staff_tenant_page("tags.change")
def discard(request: StaffRequest, tenant: Tenant) -> HttpResponse:
    if (found := tagging.draft_of(tenant)) is not None:
        tagging.discard(found, timezone.now())
        messages.success(request, _("The draft was discarded. Nothing was changed."))
    return SeeOther(reverse("staff_tags", args=[tenant.slug]))


@recently_authenticated
@require_POST
@staff_tenant_page("tags.change")
def dry_run(request: StaffRequest, tenant: Tenant) -> HttpResponse:
    found = tagging.draft_of(tenant)
    if found is None:
        return SeeOther(reverse("staff_tags", args=[tenant.slug]))
    form = DryRunForm([grant.report for grant in Grant.objects.for_tenant(tenant).active().by_name()], request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose one of the company’s reports."))
        return SeeOther(reverse("staff_tags_review", args=[tenant.slug]))
    try:
        tagging.dry_run(found, form.cleaned_data["report"], actors.member(request), timezone.now())
    except Refused as refused:
        messages.error(request, refused.detail)
    return SeeOther(reverse("staff_tags_review", args=[tenant.slug]))


@recently_authenticated
@require_POST
@staff_page("tags.change", scoped=False)
def dry_file(request: StaffRequest, tenant: str, file: uuid.UUID) -> HttpResponse:
    """Written down and committed before a URL exists that could be used."""
    with staff_scope(request.user):
        company = get_object_or_404(Tenant, slug=tenant)
    with tenant_scope(company):
        draft = tagging.draft_of(company)
        found = tagging.dry_file(draft, file, timezone.now()) if draft else None
        if found is None:
            raise Http404("no file of this draft")
        found.tenant = company
        try:
            files.refuse_gone(found, now=timezone.now())
        except Refused as refused:
            messages.error(request, refused.detail)
            return SeeOther(reverse("staff_tags_review", args=[company.slug]))
        record(actors.member(request), "session_tags.dry_run_read", now=timezone.now(), tenant=company, about=found)
    return SeeOther(files.presigned_url(found))


def _live(request: StaffRequest, found: TagDraft) -> Live:
    """The card of the dry run: what somebody types beside it stays."""
    moving = [found.dry_run] if found.dry_run is not None and not found.dry_run.has_ended else []
    return Live(request, found.dry_run_id, found.dry_run and found.dry_run.status, seconds=poll_seconds(moving, timezone.now()))


def _uses(tenant: Tenant) -> list[tuple[str, str]]:
    """Data sets behind the company's reports, and the keys of their rules."""
    found: dict[str, str] = {}
    for grant in Grant.objects.for_tenant(tenant).active().by_name():
        for data_set in grant.report.row_rules:
            found[data_set.get("name") or data_set["dataset"]] = ", ".join(rule["key"] for rule in data_set["rules"])
    return sorted(found.items())
