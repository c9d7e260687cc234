"""People who can sign in for a company: who they are, who was asked, what they may do, and the rules for all of them."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal import actors, inviting
from portal.member_forms import InviteForm, RoleForm, RulesForm, SupportForm
from portal.member_rows import member_rows
from portal.pages import SeeOther, tenant_page
from portal.reauthentication import recently_authenticated
from portal.requests import TenantRequest
from portal.signed_in import end_sessions
from reports.refused import Refused
from tenants import company_rules, digest, membership, visiting
from tenants.models import Invitation, Membership, SupportVisit
from tenants.models.members import Role

VISITS_SHOWN = 50


@require_safe
@tenant_page("members.view")
def members(request: TenantRequest) -> HttpResponse:
    manages = request.may("members.manage")
    waiting = Invitation.objects.open(timezone.now()).filter(tenant=request.tenant).order_by("expires_at")
    context = {
        "members": member_rows(request.tenant, request.user),
        "invitations": waiting if manages else (),
        "roles": Role.choices,
        "may_manage": manages,
        "rules": RulesForm(initial={"mfa": request.tenant.mfa}),
        "mfa": request.tenant.get_mfa_display(),
        "may_choose_weekly_mail": request.may("members.weekly_mail"),
    }
    return render(request, "portal/members.html", context)


@recently_authenticated
@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("members.manage")
def invite(request: TenantRequest) -> HttpResponse:
    form = InviteForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            role = Role(form.cleaned_data["role"])
            sent = inviting.invite(request.tenant, form.addresses(), role, actors.member(request), timezone.now())
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(
                request, ngettext("%(n)d invitation is on its way.", "%(n)d invitations are on their way.", len(sent)) % {"n": len(sent)}
            )
            return _back(request)
    return render(request, "portal/member_invite.html", {"form": form}, status=422 if form.errors else 200)


@recently_authenticated
@require_POST
@tenant_page("members.manage")
def invitation_send(request: TenantRequest, invitation: uuid.UUID) -> HttpResponse:
    """A new one in its place: the address in the old mail ends."""
    found = _invitation(request, invitation)
    try:
        inviting.invite(request.tenant, [found.email], Role(found.role), actors.member(request), timezone.now())
    except Refused as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(request, _("A new invitation to %(email)s is on its way. The old one has ended.") % {"email": found.email})
    return _back(request)


@recently_authenticated
@require_POST
@tenant_page("members.manage")
def invitation_withdraw(request: TenantRequest, invitation: uuid.UUID) -> HttpResponse:
    found = _invitation(request, invitation)
    inviting.withdraw(request.tenant, found, actors.member(request), timezone.now())
    messages.success(request, _("The invitation to %(email)s was withdrawn.") % {"email": found.email})
    return _back(request)


@recently_authenticated
@require_POST
@tenant_page("members.manage")
def role(request: TenantRequest, member: uuid.UUID) -> HttpResponse:
    found = _member(request, member)
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose one of the roles."))
        return _back(request)
    try:
        changed = membership.change_role(request.tenant, found.pk, Role(form.cleaned_data["role"]), actors.member(request), timezone.now())
    except membership.LastOwner:
        messages.error(request, _("A company needs an owner. Make somebody else an owner first."))
        return _back(request)
    if changed is not None:
        said = {"name": changed.user.display_name, "role": Role(changed.role).label}
        messages.success(request, _("%(name)s is now: %(role)s.") % said)
    return _back(request)


@recently_authenticated
@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("members.manage")
def remove(request: TenantRequest, member: uuid.UUID) -> HttpResponse:
    return _leaves(request, _member(request, member))


@recently_authenticated
@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("members.leave")
def leave(request: TenantRequest) -> HttpResponse:
    """Somebody takes themselves out."""
    own = Membership.objects.filter(tenant=request.tenant, user=request.user).values_list("pk", flat=True).first()
    if own is None:
        raise Http404("no member, but a visitor")
    return _leaves(request, _member(request, own))


@recently_authenticated
@require_POST
@tenant_page("members.manage")
def rules(request: TenantRequest) -> HttpResponse:
    form = RulesForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose one of the rules."))
    elif company_rules.set_second_step(request.tenant, form.cleaned_data["mfa"], actors.member(request), timezone.now()):
        messages.success(request, _("The rule is saved. It counts from each person’s next page."))
    return _back(request)


@require_POST
@tenant_page("members.weekly_mail")
def weekly_mail(request: TenantRequest) -> HttpResponse:
    """An owner's own: `wants` is 1 or 0."""
    member = get_object_or_404(Membership.objects.select_related("tenant"), tenant=request.tenant, user=request.user)
    wants = request.POST.get("wants") == "1"
    digest.want(member, actors.member(request), wants, now=timezone.now())
    messages.success(request, _("You get a mail about each week.") if wants else _("You get no mail about the week any more."))
    return _back(request)


@require_safe
@tenant_page("members.view")
def support(request: TenantRequest) -> HttpResponse:
    visits = SupportVisit.objects.filter(tenant=request.tenant).order_by("-since", "-id")[:VISITS_SHOWN]
    form = SupportForm(initial={"allows_support": request.tenant.allows_support})
    context = {"visits": visits, "form": form, "may_manage": request.may("support.manage"), "now": timezone.now()}
    return render(request, "portal/support.html", context)


@recently_authenticated
@require_POST
@tenant_page("support.manage")
def support_set(request: TenantRequest) -> HttpResponse:
    form = SupportForm(request.POST)
    form.is_valid()
    if company_rules.allow_support(request.tenant, form.cleaned_data["allows_support"], actors.member(request), timezone.now()):
        messages.success(request, _("Saved."))
    return SeeOther(reverse("support", args=[request.tenant.slug]))


@require_POST
@tenant_page("support.manage")
def visit_end(request: TenantRequest, visit: uuid.UUID) -> HttpResponse:
    """An owner shows the visitor out. No password before it: the sooner the better."""
    found = get_object_or_404(SupportVisit.objects.select_related("tenant").filter(tenant=request.tenant), pk=visit)
    if visiting.end(found, actors.member(request), timezone.now()):
        messages.success(request, _("The visit is over."))
    return SeeOther(reverse("support", args=[request.tenant.slug]))


def _leaves(request: TenantRequest, found: Membership) -> HttpResponse:
    if request.method != "POST":
        return render(request, "portal/member_remove.html", {"member": found, "is_you": found.user_id == request.user.pk})
    try:
        gone = membership.remove(request.tenant, found.pk, actors.member(request), timezone.now())
    except membership.LastOwner:
        messages.error(request, _("A company needs an owner. Make somebody else an owner first."))
        return _back(request)
    if gone is not None:
        # Their own session too, where they leave by themselves: what it may see has changed.
        end_sessions(found.user)
    if found.user_id == request.user.pk:
        return SeeOther(reverse("root"))
    messages.success(request, _("%(name)s is no longer a member.") % {"name": found.user.display_name})
    return _back(request)


def _member(request: TenantRequest, member: uuid.UUID) -> Membership:
    for found in membership.members(request.tenant):
        if found.pk == member:
            return found
    raise Http404("no such member")


def _invitation(request: TenantRequest, invitation: uuid.UUID) -> Invitation:
    return get_object_or_404(Invitation.objects.filter(tenant=request.tenant, accepted_at=None), pk=invitation)


def _back(request: TenantRequest) -> HttpResponse:
    return SeeOther(reverse("members", args=[request.tenant.slug]))
