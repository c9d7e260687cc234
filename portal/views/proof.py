"""The proof of one file: a page that prints, a signed file, and the keys that anybody checks it with."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal import actors
from portal.pages import tenant_page
from portal.requests import TenantRequest
from reports import proof as proofs
from reports.aws.storage import disposition
from reports.models import SnapshotFile
from tenants import signing
from tenants.audit import record

SHOWN = 50
PUBLIC_KEYS = "ed25519"


@require_safe
@tenant_page("proof.view")
def proof(request: TenantRequest, job: uuid.UUID, file: uuid.UUID) -> HttpResponse:
    """Whoever looks at it sees which rows people got, so that is written down as well."""
    found = proofs.gather(_file(request, job, file))
    record(actors.member(request), "proof.viewed", now=timezone.now(), tenant=request.tenant, about=found.file)
    return render(request, "portal/proof.html", {"proof": found, "shown": SHOWN})


@require_safe
@tenant_page("proof.view")
def export(request: TenantRequest, job: uuid.UUID, file: uuid.UUID) -> HttpResponse:
    now = timezone.now()
    found = proofs.gather(_file(request, job, file))
    record(actors.member(request), "proof.exported", now=now, tenant=request.tenant, about=found.file)
    # No JSON as a whole: its last line is the signature.
    answer = HttpResponse(proofs.export(found, now), content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = disposition(f"proof-{found.file.name}.txt")
    return answer


@login_not_required
@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """The public halves, by id. Whoever keeps them checks proofs without us."""
    return JsonResponse({PUBLIC_KEYS: signing.public_keys()})


def _file(request: TenantRequest, job: uuid.UUID, file: uuid.UUID) -> SnapshotFile:
    rows = SnapshotFile.objects.for_tenant(request.tenant).select_related("job__report", "job__tenant", "attempt")
    return get_object_or_404(rows.filter(job=job, job__dry_run_tags__isnull=True), pk=file)
