"""What platform staff tell everybody on the page of the service's status: trouble in their own words, and work that is planned."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal import actors
from portal.note_forms import NoteForm
from portal.pages import SeeOther
from portal.requests import StaffRequest
from portal.staff_pages import staff_page
from reports.models import ServiceNote
from reports.uptime import notes


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("status.manage")
def status(request: StaffRequest) -> HttpResponse:
    now = timezone.now()
    form = NoteForm(request.POST if request.method == "POST" else None, initial={"begins_at": now})
    if request.method == "POST" and form.is_valid():
        notes.write(actors.member(request), now, **form.cleaned_data)
        messages.success(request, _("Written. Everybody can read it within a quarter of a minute."))
        return SeeOther(reverse("staff_status"))
    context = {"form": form, "notes": list(ServiceNote.objects.order_by("-begins_at")[: notes.SHOWN]), "now": now}
    return render(request, "staff/status.html", context, status=422 if form.errors else 200)


@require_POST
@staff_page("status.manage")
def end(request: StaffRequest, note: int) -> HttpResponse:
    found = get_object_or_404(ServiceNote, pk=note)
    ended = notes.end(found, actors.member(request), timezone.now())
    messages.success(request, _("It is over.") if ended else _("Somebody had ended it before."))
    return SeeOther(reverse("staff_status"))
