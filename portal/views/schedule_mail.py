"""What recipients of a schedule will see in their mailbox, and a test of it to whoever looks."""

from __future__ import annotations

import uuid

from csp.decorators import csp, csp_update
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from portal.pages import SeeOther, tenant_page
from portal.requests import TenantRequest
from reports.mails.preview import preview, send_test
from reports.models import Schedule

# Of the mail's own document: its inline styles, and nothing else that a document can do.
MAIL_ALONE = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
    "frame-ancestors": ["'self'"],
    "sandbox": True,
}


@csp_update({"frame-src": ["'self'"]})
@require_safe
@tenant_page("schedules.view")
def mail(request: TenantRequest, schedule: uuid.UUID) -> HttpResponse:
    """The mail in a frame, and as its text part has it."""
    found, language = _find(request, schedule), _language(request)
    context = {
        "schedule": found,
        "preview": preview(found, request.user.display_name, language, timezone.now()),
        "language": language,
        "languages": settings.LANGUAGES,
        "may_test": request.may("schedules.manage"),
        "is_set_up": bool(settings.EMAIL_URL),
    }
    return render(request, "portal/schedule_mail.html", context)


@csp(MAIL_ALONE)
@xframe_options_sameorigin
@require_safe
@tenant_page("schedules.view")
def view(request: TenantRequest, schedule: uuid.UUID) -> HttpResponse:
    """The mail itself, as a document that may do nothing but look like it."""
    found = _find(request, schedule)
    return HttpResponse(preview(found, request.user.display_name, _language(request), timezone.now()).html)


@require_POST
@tenant_page("schedules.manage")
def test(request: TenantRequest, schedule: uuid.UUID) -> HttpResponse:
    """To the person who asks: an address that somebody types could be anybody's."""
    found, language = _find(request, schedule), _language(request)
    if settings.EMAIL_URL:
        send_test(found, request.user.email, request.user.display_name, language, timezone.now())
        messages.success(request, _("A test is on its way to %(email)s.") % {"email": request.user.email})
    else:
        messages.error(request, _("No mail can be sent yet: the platform has not set it up."))
    return SeeOther(f"{reverse('schedule_mail', args=[request.tenant.slug, found.pk])}?language={language}")


def _find(request: TenantRequest, pk: uuid.UUID) -> Schedule:
    schedules = Schedule.objects.for_tenant(request.tenant).kept().select_related("report").prefetch_related("report__parameters")
    found = get_object_or_404(schedules, pk=pk)
    found.tenant = request.tenant
    return found


def _language(request: TenantRequest) -> str:
    """One of ours; without a wish that of most recipients, the company's."""
    wished = (request.POST or request.GET).get("language", "")
    return wished if wished in dict(settings.LANGUAGES) else request.tenant.language
