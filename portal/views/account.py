"""A person's own account, whatever companies it belongs to."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.requests import MemberRequest


@require_safe
def confirmed(request: MemberRequest) -> HttpResponse:
    return render(request, "account/confirmed.html")
