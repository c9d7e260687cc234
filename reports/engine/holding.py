"""What is paused does not start: the pump asks once a second, before it claims. In the engine's scope."""

from __future__ import annotations

from django.db.models import Q
from django.db.models.functions import Now

from reports.engine import admit, breaker
from reports.models import Pause, SnapshotJob

Kind = Pause.Kind
# Why a job failed that waited behind one until its deadline.
CODES: dict[str, str] = {Kind.ACCOUNT: "account_held", Kind.TENANT: "tenant_paused", Kind.REPORT: "report_paused"}


def hold(account_id: int) -> bool:
    """Take jobs of paused reports out of the line again, and let due probes in. Whether the whole account is paused.

    Jobs of paused tenants are kept out, and taken out, by `admit` itself.
    """
    ours = Q(kind=Kind.ACCOUNT, account=account_id) | Q(kind=Kind.REPORT, report__account=account_id)
    pauses = list(Pause.objects.filter(ours).annotate(now=Now()))
    if any(pause.kind == Kind.ACCOUNT for pause in pauses):
        return True
    for pause in pauses:
        if pause.report_id and _in_line(account_id, pause):
            admit.retract(account_id, pause.report_id)
    if any(pause.probe_at and pause.probe_at <= pause.now for pause in pauses):
        breaker.probe(account_id)
    return False


def _in_line(account_id: int, pause: Pause) -> bool:
    """Let in before it was paused; a probe may stay."""
    waiting = SnapshotJob.objects.filter(account=account_id, report=pause.report_id, status=SnapshotJob.Status.QUEUED, admitted=True)
    return waiting.exclude(waiting=SnapshotJob.Waiting.PROBE).exists()


def code_at_deadline(job: SnapshotJob, otherwise: str) -> str:
    """Why a job fails whose deadline passes now. In the tenant's scope."""
    if job.status != SnapshotJob.Status.QUEUED:
        return otherwise
    holding = Pause.objects.holding_up(account_id=job.account_id, tenant_id=job.tenant_id, report_id=job.report_id)
    pause = holding.first()
    return CODES[pause.kind] if pause else otherwise
